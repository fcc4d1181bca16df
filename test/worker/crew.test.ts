import { expect, test } from 'vitest';
import { TasksNotLoadedError } from '../../src/core/errors.ts';
import type { TaskInfo } from '../../src/core/frames.ts';
import { LIMITS } from '../../src/core/protocol.ts';
import { NO_DELAY } from '../../src/core/retry.ts';
import type { Child } from '../../src/worker/child-process.ts';
import { Crew } from '../../src/worker/crew.ts';
import type { LoadedTasks, ToChild } from '../../src/worker/ipc.ts';
import { ManualClock } from '../helpers/clock.ts';

const info = (name: string): TaskInfo => ({
  name,
  maxAttempts: 1,
  timeoutMs: null,
  retry: NO_DELAY,
  concurrency: null,
  concurrencyPerKey: null,
});
const loaded = (...names: string[]): LoadedTasks => ({ tasks: names.map(info), files: [] });
const PROBLEM = { message: 'broken', file: null, line: null, column: null, frame: null, stack: null };
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A child that loads when the test says so. */
class FakeChild {
  state = 'booting';
  generation = 0;
  isAlone = false;
  runs = 0;
  exit: object | null = null;
  readyAt: number | null = null;
  killed: string | null = null;
  prepared = 0;
  loads = 0;
  #load: { resolve(loaded: LoadedTasks): void; reject(error: Error): void } | null = null;
  readonly gone: Promise<void>;
  #gone!: () => void;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
    this.gone = new Promise((resolve) => (this.#gone = resolve));
  }

  prepare() {
    this.prepared += 1;
  }

  readonly told: ToChild[] = [];
  send(message: ToChild) {
    this.told.push(message);
  }

  load() {
    this.loads += 1;
    return new Promise<LoadedTasks>((resolve, reject) => (this.#load = { resolve, reject }));
  }

  async isLoaded(tasks = loaded('greet')) {
    this.state = 'ready';
    this.readyAt = this.#clock.monotonic();
    this.#load?.resolve(tasks);
    await settle();
  }

  async breaks(message = 'broken') {
    this.#load?.reject(new TasksNotLoadedError({ ...PROBLEM, message }, []));
    await settle();
  }

  leave() {
    this.state = 'leaving';
    this.#gone();
  }

  kill(because: string) {
    this.killed ??= because;
    this.#load?.reject(new TasksNotLoadedError(PROBLEM, []));
    this.#gone();
  }
}

function aCrew({ processes = 1, watch = false } = {}) {
  const clock = new ManualClock();
  const children: FakeChild[] = [];
  const problems: string[] = [];
  let changes = 0;
  const crew = new Crew({
    ...{ files: ['tasks.ts'], how: { typescript: true, tsconfig: null, watch }, processes, clock },
    spawn: () => {
      const child = new FakeChild(clock);
      children.push(child);
      return child as unknown as Child;
    },
    onChange: () => (changes += 1),
    onProblem: ({ message }) => problems.push(message),
  });
  const child = (at: number) => children[at] as FakeChild;
  const dies = (at: number) => {
    child(at).state = 'gone';
    crew.gone(child(at) as unknown as Child);
  };
  return { crew, clock, children, child, dies, problems, changes: () => changes };
}

async function aReadyCrew(options: { processes?: number; watch?: boolean } = {}) {
  const made = aCrew(options);
  const loading = made.crew.load();
  await made.child(0).isLoaded();
  await loading;
  return made;
}

test('the first child shows whether the code loads; the others follow', async () => {
  const { crew, children, child } = await aReadyCrew({ processes: 3 });
  expect(children).toHaveLength(3);
  expect(crew.roomiest).toBe(child(0));
  await child(1).isLoaded();
  child(0).runs += 1;
  expect(crew.roomiest).toBe(child(1));
  await child(2).isLoaded();
  child(1).runs += 1;
  expect(crew.roomiest).toBe(child(2));
  expect(crew.generation).toBe(1);
});

test('what runs are held to is told to every child, and to those that come later before they load', async () => {
  const { crew, child } = await aReadyCrew();
  const limits = { ...LIMITS, resultBytes: 5 };
  crew.limit(limits);
  expect(child(0).told).toEqual([
    { type: 'limits', limits: LIMITS },
    { type: 'limits', limits },
  ]);
  void crew.load();
  expect(child(1)).toMatchObject({ loads: 1, told: [{ type: 'limits', limits }] });
});

test('new code takes over when it has loaded, and the old leaves when it has no runs', async () => {
  const { crew, child } = await aReadyCrew();
  child(0).runs += 1;
  const loading = crew.load();
  expect(crew.roomiest).toBe(child(0));
  await child(1).isLoaded(loaded('greet', 'more'));
  await loading;
  expect(crew.roomiest).toBe(child(1));
  expect(crew.generation).toBe(2);
  expect(crew.tasks.map(({ name }) => name)).toEqual(['greet', 'more']);
  expect(child(0)).toMatchObject({ state: 'leaving', killed: null });
});

test('code that does not load is killed, and the generation before goes on', async () => {
  const { crew, child } = await aReadyCrew();
  const loading = crew.load();
  const failed = expect(loading).rejects.toThrow('broken');
  await child(1).breaks();
  await failed;
  expect(child(1).killed).not.toBeNull();
  expect(crew.roomiest).toBe(child(0));
  expect(crew.generation).toBe(1);
  expect(crew.hasRoom).toBe(true);
});

test('a load that is overtaken is given up', async () => {
  const { crew, child } = await aReadyCrew();
  const first = expect(crew.load()).rejects.toThrow();
  const second = crew.load();
  expect(child(1).killed).toMatch(/Newer code/);
  await child(2).isLoaded();
  await first;
  await second;
  expect(crew.roomiest).toBe(child(2));
});

test('where code is watched a prepared child waits for the next load, and for the next suspect', async () => {
  const { crew, children, child } = await aReadyCrew({ watch: true });
  expect(children).toHaveLength(2);
  expect(child(1)).toMatchObject({ prepared: 1, loads: 0 });
  const loading = crew.load();
  expect(child(1).loads).toBe(1);
  await child(1).isLoaded();
  await loading;
  expect(children).toHaveLength(3);
  const alone = crew.hireAlone();
  expect(child(2).loads).toBe(1);
  await child(2).isLoaded();
  expect(await alone).toBe(child(2));
  expect(crew.roomiest).toBe(child(1));
});

test('a child that dies with runs is replaced at once', async () => {
  const { crew, children, child, dies } = await aReadyCrew();
  child(0).runs += 1;
  dies(0);
  expect(crew.roomiest).toBeNull();
  expect(crew.hasRoom).toBe(true);
  expect(children).toHaveLength(2);
  await child(1).isLoaded();
  expect(crew.roomiest).toBe(child(1));
});

test('one that dies of itself soon after its start is replaced after a wait that doubles', async () => {
  const { crew, clock, children, child, dies } = await aReadyCrew();
  dies(0);
  expect(crew.hasRoom).toBe(false);
  clock.advance(999);
  expect(children).toHaveLength(1);
  clock.advance(1);
  expect(children).toHaveLength(2);
  await child(1).isLoaded();
  expect(crew.hasRoom).toBe(true);
  dies(1);
  clock.advance(1_999);
  expect(children).toHaveLength(2);
  clock.advance(1);
  expect(children).toHaveLength(3);
  await child(2).isLoaded();
  clock.advance(10_000);
  dies(2);
  expect(children).toHaveLength(4);
});

test('a replacement that does not load leaves no room, is told once, and is tried again', async () => {
  const { crew, clock, children, child, dies, problems } = await aReadyCrew();
  child(0).runs += 1;
  dies(0);
  await child(1).breaks();
  expect(crew.hasRoom).toBe(false);
  clock.advance(1_000);
  await child(2).breaks();
  expect(problems).toEqual(['broken']);
  clock.advance(2_000);
  await child(3).breaks('broken otherwise');
  expect(problems).toEqual(['broken', 'broken otherwise']);
  const loading = crew.load();
  await child(4).isLoaded();
  await loading;
  expect(crew.hasRoom).toBe(true);
  clock.advance(60_000);
  expect(children).toHaveLength(5);
});

test('a child that has grown goes on until another is ready to take its place', async () => {
  const { crew, child } = await aReadyCrew();
  const renewing = crew.renew(child(0) as unknown as Child);
  expect(crew.roomiest).toBe(child(0));
  await child(1).isLoaded();
  await renewing;
  expect(crew.roomiest).toBe(child(1));
  expect(child(0).state).toBe('leaving');
});

test('a child that must stop is retired, and another takes its place', async () => {
  const { crew, children, child } = await aReadyCrew();
  child(0).runs += 1;
  crew.retire(child(0) as unknown as Child);
  expect(crew.roomiest).toBeNull();
  expect(child(0).state).toBe('leaving');
  expect(children).toHaveLength(2);
});

test('of children that are dead and not gone yet nothing more is asked', async () => {
  const { crew, child } = await aReadyCrew();
  child(0).exit = { code: 1, signal: null };
  expect(crew.roomiest).toBeNull();
});

test('closing ends every child, and none is started after it', async () => {
  const { crew, clock, children, child, dies } = await aReadyCrew({ processes: 2, watch: true });
  await child(1).isLoaded();
  child(1).runs += 1;
  const closed = crew.close();
  expect(child(0).state).toBe('leaving');
  expect(child(1).killed).toBe('The worker stopped');
  expect(child(2).killed).toBe('The worker stopped');
  await closed;
  dies(0);
  dies(1);
  clock.advance(60_000);
  expect(children).toHaveLength(3);
});
