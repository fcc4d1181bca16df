import { resolve } from 'node:path';
import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { wholeFlag, withEnv } from '../../src/cli/flags.ts';
import { type Salvage, salvageText, storeFolder } from '../../src/cli/store-folder.ts';

export default class StoreRepair extends BgtaskCommand {
  static override summary = 'Save what is sound of a damaged store into a new one.';
  static override description = 'The damaged one stays as it is. Lists what is lost, and writes only where exactly that loss is accepted.';
  static override examples = [
    '<%= config.bin %> store repair DIR --out NEWDIR',
    '<%= config.bin %> store repair DIR --out NEWDIR --accept-loss 3',
  ];
  static override args = { dir: stringArg({ required: true, ignoreStdin: true, description: 'folder of the damaged store' }) };
  static override flags = withEnv('STORE_REPAIR', {
    out: string({ required: true, helpValue: 'NEWDIR', description: 'folder of the new store; must not be there yet' }),
    'accept-loss': wholeFlag({ most: 999_999_999, default: 0, description: 'records that may be lost; must be the exact number' }),
  });

  async run(): Promise<Salvage> {
    const { args, flags } = await this.parse(StoreRepair);
    const folder = storeFolder(args.dir, this.settings(flags));
    const { repairStore } = await import('../../src/store/maintain.ts');
    const saved = await repairStore(folder, flags.out, flags['accept-loss']);
    this.log(salvageText(folder, resolve(flags.out), saved));
    if (!saved.written) process.exitCode = 65;
    return saved;
  }
}
