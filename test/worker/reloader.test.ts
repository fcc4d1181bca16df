import { renameSync, rmSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type LoadProblem, TasksNotLoadedError } from '../../src/core/errors.ts';
import type { Clock, Timer } from '../../src/core/seams.ts';
import { systemClock } from '../../src/system/system.ts';
import { Reloader } from '../../src/worker/reloader.ts';
import { aProject } from './projects.ts';

const PROBLEM: LoadProblem = { message: 'broken', file: null, line: null, column: null, frame: null, stack: null };

/** Loads end when the test says so. */
async function aReloader(names: readonly string[] = ['a.ts'], served: readonly string[] = names, clock: Clock = systemClock) {
  const project = aProject(Object.fromEntries(names.map((name) => [name, '1'])));
  const loads: { ends(files?: readonly string[]): void; breaks(files?: readonly string[]): void }[] = [];
  const told: (number | string)[] = [];
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const reloader = new Reloader({
    clock,
    load: () =>
      new Promise((resolve, reject) => {
        const paths = (files: readonly string[]) => files.map(project.path);
        loads.push({
          ends: (files = names) => resolve({ tasks: [], files: paths(files) }),
          breaks: (files = names) => reject(new TasksNotLoadedError(PROBLEM, paths(files))),
        });
        wake();
      }),
    onReloaded: (_loaded, ms) => {
      told.push(ms);
      wake();
    },
    onProblem: ({ message }) => {
      told.push(message);
      wake();
    },
  });
  onTestFinished(() => reloader.close());
  const watching = reloader.watch(served.map(project.path));
  const until = async (look: () => boolean) => {
    while (!look()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const load = async (nth: number) => {
    await until(() => loads.length >= nth);
    return loads[nth - 1] as (typeof loads)[0];
  };
  return { project, reloader, loads, told, watching, load, until };
}

async function aRunningReloader(names?: readonly string[], clock?: Clock) {
  const made = await aReloader(names, names, clock);
  await made.watching;
  made.reloader.begin((names ?? ['a.ts']).map(made.project.path));
  return made;
}

describe('a change', () => {
  test('has the code loaded again, and says how long that took', async () => {
    const { project, told, load, until } = await aRunningReloader();
    project.write('a.ts', '2');
    (await load(1)).ends();
    await until(() => told.length === 1);
    expect(told).toEqual([expect.any(Number)]);
  });

  test('that comes during a load begins another, and only the newest says what came of it', async () => {
    const { project, told, load, until } = await aRunningReloader();
    project.write('a.ts', '2');
    const first = await load(1);
    project.write('a.ts', '3');
    const second = await load(2);
    first.breaks();
    second.ends();
    await until(() => told.length > 0);
    expect(told).toEqual([expect.any(Number)]);
  });

  test('before the first load is over is loaded right after it', async () => {
    const { project, reloader, loads, watching, load } = await aReloader();
    await watching;
    project.write('a.ts', '2');
    await new Promise((resolve) => setTimeout(resolve, 60)); // what the watcher sees now is not acted on
    expect(loads).toEqual([]);
    reloader.begin([project.path('a.ts')]);
    (await load(1)).ends();
  });

  test('of a file that is no longer part of the code is none', async () => {
    const { project, told, load, until } = await aRunningReloader(['a.ts', 'b.ts']);
    project.write('a.ts', '2');
    (await load(1)).ends(['a.ts']);
    await until(() => told.length === 1);
    project.write('b.ts', '2');
    project.write('a.ts', '3');
    (await load(2)).ends(['a.ts', 'b.ts']);
    await until(() => told.length === 2);
    project.write('b.ts', '3');
    (await load(3)).ends();
  });
});

/** Under it nobody looks at the files themselves a while after a load: what the watcher does not hear stays unheard. */
const WATCHER_ALONE: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (ms, run, unref): Timer => (ms < 100 ? systemClock.after(ms, run, unref) : { cancel: () => undefined }),
};

/** The watcher tells of one change of a file in 50 ms. */
const rest = () => new Promise((resolve) => setTimeout(resolve, 100));

describe('a file that another one replaces', () => {
  test('right after it was written is watched on', async () => {
    const { project, loads, load } = await aRunningReloader(['a.ts'], WATCHER_ALONE);
    const ending = setInterval(() => {
      for (const { ends } of loads) ends();
    }, 5);
    onTestFinished(() => clearInterval(ending));
    for (let nth = 0; nth < 30; nth += 1) {
      const before = loads.length;
      project.write('a.ts', `written ${nth}`);
      await new Promise((resolve) => setTimeout(resolve, nth % 5)); // as close as the steps of a checkout or a formatter are
      project.write('a.new', `replaced ${nth}`);
      renameSync(project.path('a.new'), project.path('a.ts'));
      await load(before + 1);
      await rest();
      const replaced = loads.length;
      project.write('a.ts', `written again ${nth}`);
      await load(replaced + 1);
      await rest();
    }
  }, 60_000);

  test('is watched on also where it went away and its folder was watched for it', async () => {
    const { project, told, load, until } = await aRunningReloader(['a.ts'], WATCHER_ALONE);
    rmSync(project.path('a.ts'));
    (await load(1)).breaks(['a.ts', '.']);
    await until(() => told.length === 1);
    for (let nth = 2; nth <= 5; nth += 1) {
      project.write('a.new', `${nth}`);
      renameSync(project.path('a.new'), project.path('a.ts'));
      (await load(nth)).ends();
      await until(() => told.length === nth);
      await rest();
    }
  }, 60_000);
});

describe('code that does not load', () => {
  test('is told, and what was watched is watched on', async () => {
    const { project, told, load, until } = await aRunningReloader(['a.ts', 'b.ts']);
    project.write('a.ts', '2');
    (await load(1)).breaks(['a.ts']);
    await until(() => told.length === 1);
    expect(told).toEqual(['broken']);
    project.write('b.ts', '2');
    (await load(2)).ends();
  });

  test('for a missing file is loaded again when the file appears, even at once', async () => {
    const { project, told, load, until } = await aRunningReloader();
    project.write('lib/other.ts', '1');
    project.write('a.ts', '2');
    (await load(1)).breaks(['a.ts', 'lib']);
    await until(() => told.length === 1);
    project.write('lib/missing.ts', '1');
    (await load(2)).ends();
    await until(() => told.length === 2);
  });

  test('is not loaded again because it writes into the folder that is watched', async () => {
    const { project, loads, told, load, until } = await aRunningReloader();
    project.write('lib/log.txt', '1');
    project.write('a.ts', '2');
    (await load(1)).breaks(['a.ts', 'lib']);
    await until(() => told.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 150)); // the folder is watched by now
    project.write('lib/log.txt', '2');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(loads).toHaveLength(1);
  });
});

test('after it is closed nothing is loaded', async () => {
  const { project, reloader, loads } = await aRunningReloader();
  await reloader.close();
  project.write('a.ts', '2');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(loads).toEqual([]);
});
