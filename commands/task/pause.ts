import { string } from '@oclif/core/args';
import { ApiCommand } from '../../src/cli/command.ts';

export default class TaskPause extends ApiCommand {
  static override summary = 'Hand out no more runs of a task.';
  static override description = 'What runs goes on; what is submitted waits. It stays so over restarts, until `task resume`.';
  static override examples = ['<%= config.bin %> task pause resize'];
  static override args = { task: string({ required: true, ignoreStdin: true, description: 'name of the task' }) };

  async run(): Promise<{ name: string; paused: boolean }> {
    const { args, flags } = await this.parse(TaskPause);
    const client = await this.connect(this.settings(flags));
    const answer = await client.request<{ name: string; paused: boolean }>('POST', `/tasks/${encodeURIComponent(args.task)}/pause`);
    this.note(`Paused ${answer.name}. Go on: bgtask task resume ${answer.name}`);
    return answer;
  }
}
