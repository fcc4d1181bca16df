/**
 * How fast the file store is by itself: no server, no sockets. One process, results kept, each op durable unless told otherwise.
 *   node --import tsx bench/store.ts [cycles|recover|memory|one] [durable|relaxed|memory]
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LeasedRun, NewRun } from '../src/core/run.ts';
import { openStore } from '../src/store/open.ts';
import { DEFAULT_KEEP, type Store } from '../src/store/store.ts';

const [what = 'all', durability = 'durable'] = process.argv.slice(2);
// What clients do is no part of this: cheap ids and tokens.
let ids = 0;
const newId = () => {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${(++ids).toString(16).padStart(12, '0')}`;
};
let tokens = 0;
const newToken = () => (++tokens).toString(16).padStart(32, '0');
const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'bgtask-bench-'));
let stores = 0;
const urlOf = (name: string) => (durability === 'memory' ? 'memory:' : `file:${folder}/${name}`);
const open = (name = `store-${++stores}`) => openStore(urlOf(name), durability === 'relaxed' ? { durability } : {});

function aRun(): NewRun {
  const now = Date.now();
  return {
    id: newId(),
    task: 'greet',
    args: '["Marvin",{"n":1}]',
    name: null,
    tags: [],
    priority: 0,
    idempotencyKey: null,
    idempotencyTtlMs: null,
    concurrencyKey: null,
    parentId: null,
    retryOf: null,
    waitFor: [],
    timeoutMs: null,
    maxAttempts: null,
    createdAt: now,
    dueAt: now,
    expiresAt: null,
    dueBy: null,
    onConflict: 'return',
    displaces: null,
    direct: null,
  };
}
const tasks = new Set(['greet']);
const grant = (workerId: string) => ({
  type: 'assign' as const,
  lease: { token: newToken(), workerId, workerName: 'bench' },
  maxAttempts: 1,
});

/** Submit and claim in one turn, then start and finish in one turn: two commits for each batch. */
async function cycle(store: Store, size: number, workerId: string): Promise<void> {
  const now = Date.now();
  void store.submit(Array.from({ length: size }, aRun), now);
  const claimed = await store.claim([{ workerId, tasks, slots: size }], now, grant);
  const runs = claimed.map(({ run }) => run);
  void store.apply(
    runs.map(({ id, lease }) => ({ id, event: { type: 'start', token: lease.token } })),
    now,
  );
  await store.apply(
    runs.map(({ id, lease }: LeasedRun) => ({ id, event: { type: 'succeed', token: lease.token, result: '"Hello, Marvin!"' } })),
    now,
  );
}

async function cycles(total: number, size: number, lanes: number): Promise<void> {
  const store = await open();
  await cycle(store, size, 'warm');
  const started = performance.now();
  const busy = performance.eventLoopUtilization();
  let left = total;
  const lane = async (name: string) => {
    while (left > 0) {
      left -= size;
      await cycle(store, size, name);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(`w${index}`)));
  const seconds = (performance.now() - started) / 1_000;
  const perCycle = (performance.eventLoopUtilization(busy).active * 1_000) / total;
  const rate = Math.round(total / seconds).toLocaleString('en');
  console.log(`${rate} cycles/s, batches of ${size}, ${lanes} at a time; the loop was busy for ${perCycle.toFixed(1)} µs each`);
  await store.close();
}

async function recover(): Promise<void> {
  const store = await open('recover');
  for (let done = 0; done < 225_000; done += 500) await cycle(store, 500, 'w');
  await store.sweep(Date.now(), { ...DEFAULT_KEEP, completedCount: 0 });
  for (let done = 0; done < 100_000; done += 1_000) await store.submit(Array.from({ length: 1_000 }, aRun), Date.now());
  await store.close();
  globalThis.gc?.();
  const started = performance.now();
  const again = await open('recover');
  console.log(`recovered in ${Math.round(performance.now() - started)} ms: ${JSON.stringify(await again.counts())}`);
  await again.close();
}

/** What the disk gives by itself just now: a write of 60 kB and a sync. */
function disk(): void {
  const fd = openSync(join(folder, 'probe'), 'w');
  const bytes = Buffer.alloc(60_000, 'x');
  const started = performance.now();
  for (let times = 0; times < 200; times += 1) {
    writeSync(fd, bytes);
    fdatasyncSync(fd);
  }
  console.log(`the disk: ${((performance.now() - started) / 200).toFixed(2)} ms for 60 kB and fdatasync`);
  closeSync(fd);
}

async function memory(): Promise<void> {
  const store = await open();
  const size = () => {
    globalThis.gc?.();
    return process.memoryUsage();
  };
  const before = size();
  for (let done = 0; done < 100_000; done += 1_000) await store.submit(Array.from({ length: 1_000 }, aRun), Date.now());
  const after = size();
  const mib = (key: 'rss' | 'heapUsed') => ((after[key] - before[key]) / 1_048_576).toFixed(1);
  console.log(`100,000 queued runs: heap ${mib('heapUsed')} MiB, rss ${mib('rss')} MiB (run with --expose-gc)`);
  await store.close();
}

const BENCHES: Record<string, () => Promise<void>> = {
  cycles: async () => {
    disk();
    await cycles(20_000, 100, 1);
    await cycles(100_000, 100, 4);
    await cycles(2_000, 1, 1);
    await cycles(50_000, 10, 10);
  },
  recover,
  memory,
};
try {
  for (const [name, bench] of Object.entries(BENCHES)) if (what === 'all' || what === name) await bench();
} finally {
  rmSync(folder, { recursive: true });
}
