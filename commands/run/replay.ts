import { string } from '@oclif/core/flags';
import { parseArgsJson, readStdin } from '../../src/cli/args.ts';
import { ApiCommand } from '../../src/cli/command.ts';
import { runIdArg, withEnv } from '../../src/cli/flags.ts';
import { replayRun } from '../../src/cli/many.ts';
import type { RunView } from '../../src/core/api.ts';

export default class RunReplay extends ApiCommand {
  static override summary = 'Submit a run once more, with its arguments or others; prints the new id.';
  static override description = 'Whatever state it is in: the run itself stays as it is. The new one has its options and is due now.';
  static override examples = ['<%= config.bin %> run replay ID', `<%= config.bin %> run replay ID --args '["photo.png", 600]'`];
  static override args = { id: runIdArg() };
  static override flags = withEnv('RUN_REPLAY', {
    args: string({ helpValue: 'JSON|-', description: 'other arguments, as a JSON array; - reads it from stdin' }),
  });

  async run(): Promise<RunView> {
    const { args, flags } = await this.parse(RunReplay);
    const text = flags.args === '-' ? await readStdin() : flags.args;
    const others = text === undefined ? undefined : parseArgsJson(text);
    const run = await replayRun(await this.connect(this.settings(flags)), args.id, others);
    this.log(run.id);
    this.note(`Wait for it: bgtask run wait ${run.id}`);
    return run;
  }
}
