import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { refuseDefault } from '../../src/cli/settings.ts';
import { homeFolders } from '../../src/config/home.ts';
import { changeProfiles, DEFAULT_PROFILE, profileNamed } from '../../src/config/profiles.ts';

export default class ProfileDelete extends BgtaskCommand {
  static override summary = 'Delete a profile with its settings.';
  static override examples = ['<%= config.bin %> profile delete staging'];
  static override args = { name: string({ required: true, ignoreStdin: true, description: 'name of the profile' }) };

  async run(): Promise<{ name: string }> {
    const { args } = await this.parse(ProfileDelete);
    refuseDefault(args.name, 'deleted');
    await changeProfiles(homeFolders(), (draft) => {
      profileNamed(draft, args.name, 'flag');
      delete draft.profiles[args.name];
      if (draft.active === args.name) draft.active = DEFAULT_PROFILE;
    });
    this.note(`Deleted the profile ${args.name}.`);
    return { name: args.name };
  }
}
