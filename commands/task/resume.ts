import { string } from '@oclif/core/args';
import { ApiCommand } from '../../src/cli/command.ts';
import { type PausedTask, resumeTask } from '../../src/cli/tasks.ts';

export default class TaskResume extends ApiCommand {
  static override summary = 'Hand out runs of a paused task again.';
  static override examples = ['<%= config.bin %> task resume resize'];
  static override args = { task: string({ required: true, ignoreStdin: true, description: 'name of the task' }) };

  async run(): Promise<PausedTask> {
    const { args, flags } = await this.parse(TaskResume);
    return await resumeTask(await this.connect(this.settings(flags)), args.task, (line) => this.note(line));
  }
}
