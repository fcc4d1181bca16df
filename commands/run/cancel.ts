import { ApiCommand } from '../../src/cli/command.ts';
import { bulkFlags, runIdArgs } from '../../src/cli/flags.ts';
import { cancelRuns } from '../../src/cli/many.ts';
import type { RunView } from '../../src/core/api.ts';
import { oneLine } from '../../src/core/text.ts';

export default class RunCancel extends ApiCommand {
  static override summary = 'Cancel runs, by id or by what they are.';
  static override description = 'A run that waits ends at once; one that is executed is told to stop. One that has ended stays as it is.';
  static override examples = ['<%= config.bin %> run cancel ID', '<%= config.bin %> run cancel --task resize --state SCHEDULED --yes'];
  static override args = { id: runIdArgs() };
  static override flags = bulkFlags('RUN_CANCEL');

  async run(): Promise<RunView[]> {
    const { args, flags } = await this.parse(RunCancel);
    const client = await this.connect(this.settings(flags));
    const runs = await cancelRuns(client, { ids: args.id ?? [], flags });
    for (const run of runs) this.note(`${oneLine(run.task)} ${run.id} is ${run.state}.`);
    if (runs.length === 0) this.note('Nothing to cancel.');
    return runs;
  }
}
