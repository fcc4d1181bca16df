import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { withEnv } from '../../src/cli/flags.ts';
import { homeFolders } from '../../src/config/home.ts';
import { changeProfiles, checkNewName, profileNamed } from '../../src/config/profiles.ts';

export default class ProfileCreate extends BgtaskCommand {
  static override summary = 'Create a profile.';
  static override examples = ['<%= config.bin %> profile create staging', '<%= config.bin %> profile create prod --from staging'];
  static override args = { name: stringArg({ required: true, ignoreStdin: true, description: 'name of the new profile' }) };
  static override flags = withEnv('PROFILE_CREATE', {
    from: string({ helpValue: 'NAME', description: 'start with the settings of this profile' }),
  });

  async run(): Promise<{ name: string }> {
    const { args, flags } = await this.parse(ProfileCreate);
    await changeProfiles(homeFolders(), (draft) => {
      checkNewName(draft, args.name);
      draft.profiles[args.name] = flags.from === undefined ? {} : { ...profileNamed(draft, flags.from, 'flag') };
    });
    this.note(`Created the profile ${args.name}. Use it: bgtask profile use ${args.name}`);
    return { name: args.name };
  }
}
