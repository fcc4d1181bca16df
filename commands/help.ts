import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../src/cli/command.ts';
import { BgtaskHelp } from '../src/cli/help.ts';

export default class HelpCommand extends BgtaskCommand {
  static override summary = 'Explain a command.';
  static override examples = ['<%= config.bin %> help server start'];
  static override strict = false;
  static override args = { command: string({ multiple: true, ignoreStdin: true, description: 'words of the command' }) };

  async run(): Promise<void> {
    const { args } = await this.parse(HelpCommand);
    await new BgtaskHelp(this.config, { all: false }).showHelp(args.command ?? []);
  }
}
