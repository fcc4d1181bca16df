/** What one attempt costs beside the function itself: `npx tsx bench/execute.ts`. */
import { systemClock, systemRandom } from '../src/system/system.ts';
import { type Definition, noHooks } from '../src/task/definition.ts';
import { type Attempt, runAttempt } from '../src/task/execute.ts';
import { reachThrough } from '../src/task/reach.ts';
import { taskMaker } from '../src/task/task.ts';

const ROUNDS = 200_000;
const definition: Definition = {
  name: 'noop',
  fn: () => undefined,
  info: {
    name: 'noop',
    maxAttempts: 1,
    timeoutMs: null,
    retry: { delaysMs: [0], factor: 1, maxMs: 1, jitter: 0 },
    concurrency: null,
    concurrencyPerKey: null,
  },
  options: {
    input: null,
    retryDelay: null,
    retryIf: null,
    cache: null,
    ttlMs: null,
    tags: [],
    runName: null,
    idempotencyKey: null,
    idempotencyTtlMs: null,
    onConflict: null,
    debounce: null,
    throttle: null,
    concurrencyKey: null,
  },
  hooks: noHooks(),
};
const attempt: Attempt = {
  runId: 'run',
  args: [],
  attempt: 1,
  maxAttempts: 1,
  failures: 0,
  tags: [],
  parentId: null,
  name: null,
  signal: new AbortController().signal,
  timeoutMs: null,
  clock: systemClock,
  random: systemRandom,
  onLog: () => {},
  onProgress: () => {},
};

await measure('runAttempt, no-op function', () => runAttempt(definition, attempt));
await measure('runAttempt, no-op async function', () => runAttempt({ ...definition, fn: async () => undefined }, attempt));
await measure('runAttempt with a timeout', () => runAttempt(definition, { ...attempt, timeoutMs: 30_000 }));
const offline = reachThrough(
  () => ({ recordDirect: () => null }) as never,
  () => Promise.reject(),
);
const direct = taskMaker(offline)('noop', () => undefined);
await measure('a direct call without a server', () => direct());
await measure('an awaited async function, for comparison', async () => undefined);

async function measure(what: string, once: () => Promise<unknown>): Promise<void> {
  const samples: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const from = performance.now();
    for (let n = 0; n < ROUNDS / 5; n += 1) await once();
    samples.push(((performance.now() - from) * 1_000) / (ROUNDS / 5));
  }
  console.log(`${what}: ${samples.sort((a, b) => a - b)[2]?.toFixed(2)} µs`);
}
