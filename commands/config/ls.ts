import { boolean } from '@oclif/core/flags';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { withEnv } from '../../src/cli/flags.ts';
import { type ShownSetting, shownSettings } from '../../src/cli/settings.ts';
import { formatTable } from '../../src/cli/table.ts';

export default class ConfigLs extends BgtaskCommand {
  static override summary = 'List all settings as they count here.';
  static override examples = ['<%= config.bin %> config ls --sources', '<%= config.bin %> config ls --json'];
  static override flags = withEnv('CONFIG_LS', {
    sources: boolean({ description: 'say where each value comes from: flag, env, profile or default' }),
  });

  async run(): Promise<ShownSetting[]> {
    const { flags } = await this.parse(ConfigLs);
    const settings = shownSettings(this.overrides(flags));
    const source = { title: 'SOURCE', cell: (row: ShownSetting) => row.source };
    const columns = [
      { title: 'KEY', cell: (row: ShownSetting) => row.key },
      { title: 'VALUE', cell: (row: ShownSetting) => row.value ?? '-' },
    ];
    this.log(formatTable(flags.sources ? [...columns, source] : columns, settings, null));
    return settings;
  }
}
