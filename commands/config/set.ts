import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { overruled, type ShownSetting, setSettings } from '../../src/cli/settings.ts';

export default class ConfigSet extends BgtaskCommand {
  static override summary = 'Write settings into the active profile.';
  static override description = 'A value of - is read from stdin, so that a key need not stand in the command line.';
  static override examples = [
    '<%= config.bin %> config set API_URL=http://10.0.0.7:4200',
    '<%= config.bin %> config set LIMIT=20 LOG_LEVEL=debug --profile staging',
    'bgtask auth token | <%= config.bin %> config set API_KEY=-',
  ];
  static override args = {
    setting: string({ required: true, multiple: true, ignoreStdin: true, description: 'KEY=VALUE' }),
  };

  async run(): Promise<{ profile: string; settings: ShownSetting[] }> {
    const { args, flags } = await this.parse(ConfigSet);
    const done = await setSettings(args.setting, this.overrides(flags));
    this.note(`Set ${done.settings.map(({ key, value }) => `${key}=${value}`).join(', ')} in the profile ${done.profile}.`);
    for (const env of overruled(done.settings.map(({ key }) => key)))
      this.note(`But ${env} is set in the environment, and that counts first.`);
    return done;
  }
}
