/**
 * How many no-op runs a second one child takes through the pool, without a server: `npx tsx bench/worker.ts [runs] [slots] [processes]`.
 * Assignments are made here and granted anew as slots come free, as a server would. The figure is an upper bound for a worker.
 */
import { fileURLToPath } from 'node:url';
import type { Assignment } from '../src/core/frames.ts';
import { systemClock, systemRandom } from '../src/system/system.ts';
import { fileCommand } from '../src/worker/commands.ts';
import { openPool } from '../src/worker/pool.ts';

const [runs = 100_000, slots = 100, processes = 1] = process.argv.slice(2).map(Number);
const files = [fileURLToPath(new URL('../test/fixtures/worker/basic.ts', import.meta.url))];
const how = { typescript: true, tsconfig: null, watch: false };
const pool = await openPool({
  command: fileCommand(how.tsconfig),
  files,
  how,
  processes,
  graceMs: 5_000,
  clock: systemClock,
  random: systemRandom,
});

let granted = 0;
let done = 0;
let frames = 0;
let finish: () => void = () => {};

function next(): Assignment {
  granted += 1;
  return {
    runId: `0192f3a4-5b6c-7d8e-9f00-${String(granted).padStart(12, '0')}`,
    token: systemRandom.token(),
    ...{ task: 'noop', name: null, args: '[]', attempt: 1, maxAttempts: 1, failures: 0, timeoutMs: null, alone: false },
    ...{ tags: [], parentId: null, createdAt: 1_700_000_000_000, upstream: {} },
  };
}

pool.listener = {
  started: () => {},
  logs: () => {},
  progress: () => {},
  waiting: () => {},
  asked: () => {},
  changed: () => {},
  onEvent: () => {},
  finished: (outcomes) => {
    done += outcomes.length;
    frames += 1;
    const room = Math.min(outcomes.length, runs - granted);
    if (room > 0) pool.assign(Array.from({ length: room }, next));
    if (done === runs) finish();
  },
};
await pool.load();

for (const round of [1, 2, 3]) {
  granted = done = frames = 0;
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  await new Promise<void>((resolve) => {
    finish = resolve;
    pool.assign(Array.from({ length: Math.min(slots, runs) }, next));
  });
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  const own = Math.round(((user + system) / 1_000 / ms) * 100);
  console.log(
    `round ${round}: ${Math.round((runs / ms) * 1_000)} runs/s, ${slots} slots, ${processes} children, ${(runs / frames).toFixed(1)} runs a report, ${own} % CPU here`,
  );
}
await pool.close();
