import { string as stringArg } from '@oclif/core/args';
import { ApiCommand } from '../../src/cli/command.ts';
import { runFlags } from '../../src/cli/run-flags.ts';
import { submit } from '../../src/cli/submit.ts';
import { waitForEnd, whyNot } from '../../src/cli/wait.ts';
import type { RunView } from '../../src/core/api.ts';

export default class TaskRun extends ApiCommand {
  static override summary = 'Submit a run of a task; some worker executes it.';
  static override description = 'Each ARG is JSON where it parses, else text. Prints the id of the run; with --wait its result.';
  static override examples = [
    '<%= config.bin %> task run greet Ford',
    `<%= config.bin %> task run resize photo.png 300 --wait`,
    `<%= config.bin %> task run import --args '[{"path": "a.csv"}]' --delay 5m --key a`,
  ];
  static override args = {
    task: stringArg({ required: true, ignoreStdin: true, description: 'name of the task' }),
    arg: stringArg({ multiple: true, ignoreStdin: true, description: 'arguments; after -- they may begin with -' }),
  };
  static override flags = runFlags;

  async run(): Promise<RunView> {
    const { args, flags } = await this.parse(TaskRun);
    const client = await this.connect(this.settings(flags));
    const run = await submit(client, args.task, args.arg ?? [], flags, (line) => this.note(line));
    if (!flags.wait) {
      this.log(run.id);
      return run;
    }
    const ended = await waitForEnd(client, run.id, null);
    const { resultText } = await import('../../src/cli/values.ts');
    if (ended.state === 'COMPLETED' && ended.result !== undefined) this.log(resultText(ended.result, flags.reveal));
    const problem = whyNot(ended);
    if (problem !== null) {
      this.note(problem);
      process.exitCode = 1;
    }
    return ended;
  }
}
