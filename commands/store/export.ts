import { once } from 'node:events';
import { string } from '@oclif/core/args';
import { BgtaskCommand } from '../../src/cli/command.ts';
import { storeFolder } from '../../src/cli/store-folder.ts';

export default class StoreExport extends BgtaskCommand {
  static override summary = 'Print what happened in a store, oldest first, as NDJSON.';
  static override description = 'First the runs of its oldest snapshot, then every event after it. A server may run meanwhile.';
  static override examples = ['<%= config.bin %> store export > events.ndjson', '<%= config.bin %> store export DIR | jq -c .k'];
  static override args = { dir: string({ ignoreStdin: true, description: 'folder of the store; default: that of STORE' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StoreExport);
    const folder = storeFolder(args.dir, this.settings(flags));
    const { exportStore } = await import('../../src/store/maintain.ts');
    for await (const line of exportStore(folder)) if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
  }
}
