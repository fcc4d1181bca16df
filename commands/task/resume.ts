import { string } from '@oclif/core/args';
import { ApiCommand } from '../../src/cli/command.ts';

export default class TaskResume extends ApiCommand {
  static override summary = 'Hand out runs of a paused task again.';
  static override examples = ['<%= config.bin %> task resume resize'];
  static override args = { task: string({ required: true, ignoreStdin: true, description: 'name of the task' }) };

  async run(): Promise<{ name: string; paused: boolean }> {
    const { args, flags } = await this.parse(TaskResume);
    const client = await this.connect(this.settings(flags));
    const answer = await client.request<{ name: string; paused: boolean }>('POST', `/tasks/${encodeURIComponent(args.task)}/resume`);
    this.note(`Runs of ${answer.name} are handed out again.`);
    return answer;
  }
}
