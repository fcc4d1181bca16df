import { BgtaskCommand } from '../../src/cli/command.ts';
import { shownProfiles } from '../../src/cli/settings.ts';
import { formatTable } from '../../src/cli/table.ts';

type Row = ReturnType<typeof shownProfiles>[number];

export default class ProfileLs extends BgtaskCommand {
  static override summary = 'List the profiles; a star marks the one in use.';
  static override examples = ['<%= config.bin %> profile ls'];

  async run(): Promise<Row[]> {
    await this.parse(ProfileLs);
    const profiles = shownProfiles();
    const columns = [
      { title: ' ', cell: (row: Row) => (row.active ? '*' : '') },
      { title: 'PROFILE', cell: (row: Row) => row.name },
      { title: 'API_URL', cell: (row: Row) => row.settings.API_URL ?? '-', least: 20 },
      { title: 'SETTINGS', cell: (row: Row) => String(Object.keys(row.settings).length), side: 'right' as const },
    ];
    this.log(formatTable(columns, profiles));
    return profiles;
  }
}
