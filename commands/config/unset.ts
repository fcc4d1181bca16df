import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { unsetSettings } from '../../src/cli/settings.ts';

export default class ConfigUnset extends BgtaskCommand {
  static override summary = 'Take settings out of the active profile.';
  static override examples = ['<%= config.bin %> config unset API_URL LIMIT'];
  static override args = {
    key: string({ required: true, multiple: true, ignoreStdin: true, description: 'names of settings' }),
  };

  async run(): Promise<{ profile: string; keys: string[] }> {
    const { args, flags } = await this.parse(ConfigUnset);
    const done = await unsetSettings(args.key, this.overrides(flags));
    this.note(
      done.keys.length > 0
        ? `Took ${done.keys.join(', ')} out of the profile ${done.profile}.`
        : `Nothing to do: the profile ${done.profile} does not have it.`,
    );
    return done;
  }
}
