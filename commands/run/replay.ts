import { string } from '@oclif/core/flags';
import { parseArgsJson, readStdin } from '../../src/cli/args.ts';
import { ApiCommand } from '../../src/cli/command.ts';
import { runIdArgs, withEnv } from '../../src/cli/flags.ts';
import { replayRuns } from '../../src/cli/many.ts';
import { UsageError } from '../../src/cli/usage.ts';
import type { RunView } from '../../src/core/api.ts';

export default class RunReplay extends ApiCommand {
  static override summary = 'Submit runs once more, with their arguments or others; prints the new ids.';
  static override description =
    'Whatever state they are in: the runs themselves stay as they are. The new ones have their options and are due now. With --json: the new run; of several ids, an array.';
  static override examples = [
    '<%= config.bin %> run replay ID',
    '<%= config.bin %> run replay ID ID',
    `<%= config.bin %> run replay ID --args '["photo.png", 600]'`,
  ];
  static override args = { id: runIdArgs({ required: true }) };
  static override flags = withEnv('RUN_REPLAY', {
    args: string({ helpValue: 'JSON|-', description: 'other arguments for one run, as a JSON array; - reads it from stdin' }),
  });

  async run(): Promise<RunView | RunView[]> {
    const { args, flags } = await this.parse(RunReplay);
    const ids = args.id ?? [];
    if (flags.args !== undefined && ids.length > 1) {
      throw new UsageError('Other arguments are for one run: --args goes with one id.', ['One by one: bgtask run replay ID --args JSON']);
    }
    const text = flags.args === '-' ? await readStdin() : flags.args;
    const others = text === undefined ? undefined : parseArgsJson(text);
    const runs = await replayRuns(await this.connect(this.settings(flags)), ids, others, (run) => this.log(run.id));
    this.note(runs.length === 1 ? `Wait for it: bgtask run wait ${runs[0]?.id}` : 'Wait for one: bgtask run wait ID');
    return ids.length === 1 ? (runs[0] as RunView) : runs;
  }
}
