import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { activeProfile, shownProfiles } from '../../src/cli/settings.ts';
import { formatTable } from '../../src/cli/table.ts';

export default class ProfileInspect extends BgtaskCommand {
  static override summary = 'Print the settings of a profile; without a name, of the one in use.';
  static override examples = ['<%= config.bin %> profile inspect staging'];
  static override args = { name: string({ ignoreStdin: true, description: 'name of the profile' }) };

  async run(): Promise<{ name: string; active: boolean; settings: Record<string, string> }> {
    const { args, flags } = await this.parse(ProfileInspect);
    const name = activeProfile(args.name === undefined ? this.overrides(flags) : { PROFILE: args.name });
    const settings = shownProfiles().find((profile) => profile.name === name)?.settings ?? {};
    const columns = [
      { title: 'KEY', cell: (row: [string, string]) => row[0] },
      { title: 'VALUE', cell: (row: [string, string]) => row[1] },
    ];
    if (Object.keys(settings).length > 0) this.log(formatTable(columns, Object.entries(settings), null));
    else this.note(`The profile ${name} has no settings of its own. Set one: bgtask config set KEY=VALUE --profile ${name}`);
    return { name, active: name === activeProfile({}), settings };
  }
}
