import { ApiCommand } from '../../src/cli/command.ts';
import { bulkFlags, runIdArgs } from '../../src/cli/flags.ts';
import { retryRuns } from '../../src/cli/many.ts';
import type { RunView } from '../../src/core/api.ts';

export default class RunRetry extends ApiCommand {
  static override summary = 'Submit again what ended, with its arguments and options; prints the new ids.';
  static override description = 'With a filter and without --state: runs that are FAILED or CRASHED; it asks first, or takes --yes.';
  static override examples = ['<%= config.bin %> run retry ID', '<%= config.bin %> run retry --task resize --yes'];
  static override args = { id: runIdArgs() };
  static override flags = bulkFlags('RUN_RETRY');

  async run(): Promise<RunView[]> {
    const { args, flags } = await this.parse(RunRetry);
    const client = await this.connect(this.settings(flags));
    const runs = await retryRuns(client, { ids: args.id ?? [], flags }, (run) => this.log(run.id));
    this.note(runs.length > 0 ? 'Wait for one: bgtask run wait ID' : 'Nothing to repeat.');
    return runs;
  }
}
