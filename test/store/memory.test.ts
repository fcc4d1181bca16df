import { openMemoryStore } from '../../src/store/memory.ts';
import { systemClock } from '../../src/system/system.ts';
import { contract } from './contract.ts';

contract('memory', async () => {
  const store = openMemoryStore(systemClock);
  return { store, close: () => store.close() };
});
