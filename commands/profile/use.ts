import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { homeFolders } from '../../src/config/home.ts';
import { changeProfiles, profileNamed } from '../../src/config/profiles.ts';

export default class ProfileUse extends BgtaskCommand {
  static override summary = 'Make a profile the one in use.';
  static override examples = ['<%= config.bin %> profile use staging'];
  static override args = { name: string({ required: true, ignoreStdin: true, description: 'name of the profile' }) };

  async run(): Promise<{ name: string }> {
    const { args } = await this.parse(ProfileUse);
    await changeProfiles(homeFolders(), (draft) => {
      profileNamed(draft, args.name, 'flag');
      draft.active = args.name;
    });
    this.note(`The profile ${args.name} is in use now.`);
    if (process.env.BGTASK_PROFILE) this.note('But BGTASK_PROFILE is set in the environment, and that counts first.');
    return { name: args.name };
  }
}
