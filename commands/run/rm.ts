import { ApiCommand } from '../../src/cli/command.ts';
import { bulkFlags, runIdArgs } from '../../src/cli/flags.ts';
import { removeRuns } from '../../src/cli/many.ts';
import { count } from '../../src/cli/text.ts';

export default class RunRm extends ApiCommand {
  static override summary = 'Remove runs that ended, with their logs.';
  static override description = 'A run that goes on has to be cancelled first.';
  static override examples = ['<%= config.bin %> run rm ID', '<%= config.bin %> run rm --state COMPLETED --tag import --yes'];
  static override args = { id: runIdArgs() };
  static override flags = bulkFlags('RUN_RM');

  async run(): Promise<{ id: string }[]> {
    const { args, flags } = await this.parse(RunRm);
    const client = await this.connect(this.settings(flags));
    const removed = await removeRuns(client, { ids: args.id ?? [], flags });
    this.note(removed.length > 0 ? `Removed ${count(removed.length, 'run')}.` : 'Nothing to remove.');
    return removed;
  }
}
