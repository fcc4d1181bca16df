import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { refuseDefault } from '../../src/cli/settings.ts';
import { homeFolders } from '../../src/config/home.ts';
import { changeProfiles, checkNewName, profileNamed } from '../../src/config/profiles.ts';

export default class ProfileRename extends BgtaskCommand {
  static override summary = 'Give a profile another name.';
  static override examples = ['<%= config.bin %> profile rename staging stage'];
  static override args = {
    name: string({ required: true, ignoreStdin: true, description: 'name of the profile' }),
    newName: string({ required: true, ignoreStdin: true, description: 'its new name' }),
  };

  async run(): Promise<{ name: string }> {
    const { args } = await this.parse(ProfileRename);
    refuseDefault(args.name, 'renamed');
    await changeProfiles(homeFolders(), (draft) => {
      const profile = profileNamed(draft, args.name, 'flag');
      checkNewName(draft, args.newName);
      delete draft.profiles[args.name];
      draft.profiles[args.newName] = profile;
      if (draft.active === args.name) draft.active = args.newName;
    });
    this.note(`The profile ${args.name} is called ${args.newName} now.`);
    return { name: args.newName };
  }
}
