import { string } from '@oclif/core/args';
import { ApiCommand } from '../../src/cli/command.ts';
import { type PausedTask, pauseTask } from '../../src/cli/tasks.ts';

export default class TaskPause extends ApiCommand {
  static override summary = 'Hand out no more runs of a task.';
  static override description = 'What runs goes on; what is submitted waits. It stays so over restarts, until `task resume`.';
  static override examples = ['<%= config.bin %> task pause resize'];
  static override args = { task: string({ required: true, ignoreStdin: true, description: 'name of the task' }) };

  async run(): Promise<PausedTask> {
    const { args, flags } = await this.parse(TaskPause);
    return await pauseTask(await this.connect(this.settings(flags)), args.task, (line) => this.note(line));
  }
}
