import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { type FoundStore, storeFolder, verdictText } from '../../src/cli/store-folder.ts';

export default class StoreVerify extends BgtaskCommand {
  static override summary = 'Check the files of a store; writes nothing.';
  static override description =
    'Reads it as a server would that starts on it. Ends with 65 where it is damaged. A server may run meanwhile.';
  static override examples = ['<%= config.bin %> store verify', '<%= config.bin %> store verify /backup/store --json'];
  static override args = { dir: string({ ignoreStdin: true, description: 'folder of the store; default: that of STORE' }) };

  async run(): Promise<FoundStore> {
    const { args, flags } = await this.parse(StoreVerify);
    const folder = storeFolder(args.dir, this.settings(flags));
    const { verifyStore } = await import('../../src/store/maintain.ts');
    const verdict = await verifyStore(folder);
    this.log(verdictText(folder, verdict));
    if (!verdict.ok) process.exitCode = 65;
    return verdict;
  }
}
