/** The file store as a whole, on a real disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../src/store/open.ts';
import { contract } from '../contract.ts';

for (const durability of ['durable', 'relaxed'] as const) {
  contract(`${durability} file`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bgtask-store-'));
    const store = await openStore(`file:${folder}/store`, { durability });
    return {
      store,
      close: async () => {
        await store.close();
        await rm(folder, { recursive: true });
      },
    };
  });
}
