import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { settingValue } from '../../src/cli/settings.ts';
import { settingOf } from '../../src/config/config.ts';

export default class ConfigGet extends BgtaskCommand {
  static override summary = 'Print one setting as it counts here, from wherever it comes.';
  static override examples = ['<%= config.bin %> config get API_URL'];
  static override args = { key: string({ required: true, ignoreStdin: true, description: 'name of the setting' }) };

  async run(): Promise<{ key: string; value: string | null }> {
    const { args, flags } = await this.parse(ConfigGet);
    const value = settingValue(args.key, this.overrides(flags));
    if (value === null) this.note(`${settingOf(args.key).key} has no value.`);
    else this.log(value);
    return { key: settingOf(args.key).key, value };
  }
}
