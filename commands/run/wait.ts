import { string } from '@oclif/core/flags';
import { ApiCommand } from '../../src/cli/command.ts';
import { revealFlags, runIdArg, withEnv } from '../../src/cli/flags.ts';
import { fullId, runPage } from '../../src/cli/runs.ts';
import { durationOf } from '../../src/cli/submit.ts';
import { waitForEnd, whyNot } from '../../src/cli/wait.ts';
import type { RunView } from '../../src/core/api.ts';

export default class RunWait extends ApiCommand {
  static override summary = 'Wait until a run has ended, and print it.';
  static override description =
    'Ends with 1 where the run did not complete, with 75 where the time was over first. The run itself goes on then.';
  static override examples = ['<%= config.bin %> run wait ID', '<%= config.bin %> run wait ID --timeout 30s --json'];
  static override args = { id: runIdArg() };
  static override flags = withEnv('RUN_WAIT', {
    timeout: string({ helpValue: 'DURATION', description: 'longest wait; default: none' }),
    ...revealFlags('RUN_WAIT'),
  });

  async run(): Promise<RunView> {
    const { args, flags } = await this.parse(RunWait);
    const timeoutMs = durationOf(flags.timeout, '--timeout') ?? null;
    const client = await this.connect(this.settings(flags));
    const run = await waitForEnd(client, await fullId(client, args.id), timeoutMs);
    this.log(await runPage(run, flags.reveal));
    if (whyNot(run) !== null) process.exitCode = 1;
    return run;
  }
}
