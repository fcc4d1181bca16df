/** The promises of the README, with real processes that are really killed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isAlive, root, Shell, type Started } from '../helpers/shell.ts';

interface RunRow {
  readonly id: string;
  readonly state: string;
  readonly stateName: string;
  readonly attempt: number;
  readonly crashes: number;
  readonly result: unknown;
  readonly worker: string | null;
}

vi.setConfig({ testTimeout: 120_000 });

const FOLDER = join(root, 'test/fixtures/promises');
let shell: Shell;
let ledger: string;
beforeEach(async () => {
  shell = await Shell.open();
  ledger = join(shell.home, 'ledger');
  shell.setEnv('LEDGER', ledger);
});
afterEach(async () => {
  await shell.close();
});

const server = () => shell.serve('npx bgtask server start');
const worker = (name: string) => shell.serve(`npx bgtask task serve tasks.ts --no-watch --name ${name}`, FOLDER);
const submit = async (line: string) => (JSON.parse(await shell.done(`npx bgtask task run ${line} --json`)) as RunRow).id;
const inspect = async (id: string) => JSON.parse(await shell.done(`npx bgtask run inspect ${id} --json`)) as RunRow;
const ended = async (id: string) => JSON.parse((await shell.run(`npx bgtask run wait ${id} --timeout 40s --json`)).stdout) as RunRow;

/** The starts of runs of `what` so far. */
function starts(what: string): { attempt: number; pid: number; at: number }[] {
  const lines = existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : [];
  const own = lines.map((line) => line.split(' ')).filter(([, argument]) => argument === what);
  return own.map(([, , attempt, pid, at]) => ({ attempt: Number(attempt), pid: Number(pid), at: Number(at) }));
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50);
}

function kill(started: Started): void {
  process.kill(started.child.pid as number, 'SIGKILL');
}

describe.each(['SIGKILL', 'SIGTERM'] as const)('%s of the server', (signal) => {
  test('loses no run whose submit returned, however often it is sent, and its callers wait for the next', async () => {
    let running = await server();
    await worker('steady');
    const submitting = shell.start('npx tsx submit.ts', FOLDER);
    for (let round = 1; round <= 3; round += 1) {
      const before = submitting.stdout.length;
      await until(() => submitting.stdout.length > before + 2_000);
      running.signal(signal);
      await running.ended;
      running = await server();
    }
    await submitting.stop();
    expect(submitting.stderr).toBe('');
    const acknowledged = submitting.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(acknowledged.length).toBeGreaterThan(100);
    await until(
      async () =>
        !/"state": ?"(SCHEDULED|PENDING|RUNNING)"/.test(
          await shell.done('npx bgtask task ls --json --limit 1000 --state SCHEDULED,PENDING,RUNNING'),
        ),
    );
    const last = acknowledged.slice(-1_000);
    const runs = new Map((JSON.parse(await shell.done('npx bgtask task ls --json --limit 1000')) as RunRow[]).map((run) => [run.id, run]));
    for (const [id = '', n] of last) {
      const run = runs.get(id) ?? (await inspect(id));
      expect(run).toMatchObject({ state: 'COMPLETED', result: Number(n) * 2 });
    }
  });

  test('repeats nothing that a living worker is doing', async () => {
    const first = await server();
    await worker('steady');
    const id = await submit('slow once 4000');
    await until(() => starts('once').length === 1);
    first.signal(signal);
    await first.ended;
    await server();
    expect(await ended(id)).toMatchObject({ state: 'COMPLETED', attempt: 1, result: 'once is done' });
    expect(starts('once')).toHaveLength(1);
  });
});

describe('kill -9 of a worker', () => {
  test('has its runs done by another within seconds, and takes its child along', async () => {
    await server();
    const doomed = await worker('doomed');
    const id = await submit('slow moved 5000');
    await until(() => starts('moved').length === 1);
    await worker('heir');
    const killedAt = Date.now();
    kill(doomed);
    await until(() => starts('moved').length === 2);
    const [first, second] = starts('moved');
    expect((second?.at ?? 0) - killedAt).toBeLessThan(8_000); // 5 s, and what a busy machine adds
    expect(await ended(id)).toMatchObject({ state: 'COMPLETED', attempt: 2, worker: 'heir', crashes: 0 });
    expect(isAlive(first?.pid ?? 0)).toBe(false);
  });
});

describe('code that does not listen', () => {
  test('is stopped by a cancel, and a new child takes the next run', async () => {
    await server();
    await worker('steady');
    const id = await submit('busy loop');
    await until(() => starts('loop').length === 1);
    await shell.done(`npx bgtask run cancel ${id}`);
    expect(await ended(id)).toMatchObject({ state: 'CANCELLED' });
    await until(() => !isAlive(starts('loop')[0]?.pid ?? 0));
    expect(await ended(await submit('double 21'))).toMatchObject({ state: 'COMPLETED', result: 42 });
  });

  test('is stopped by its timeout', async () => {
    await server();
    await worker('steady');
    expect(await ended(await submit('impatient loop'))).toMatchObject({ state: 'FAILED', stateName: 'TimedOut', attempt: 1 });
    await until(() => !isAlive(starts('loop')[0]?.pid ?? 0));
  });
});

describe('code that ends its process', () => {
  test('is tried alone, three times, and costs its neighbours nothing', async () => {
    await server();
    await worker('steady');
    const neighbour = await submit('slow neighbour 3000');
    await until(() => starts('neighbour').length === 1);
    const id = await submit('poison it');
    expect(await ended(id)).toMatchObject({ state: 'CRASHED', crashes: 3 });
    expect(await ended(neighbour)).toMatchObject({ state: 'COMPLETED', crashes: 0 });
  });
});

describe('a saved file', () => {
  test('counts for the next run, and no run is lost or fails because of it', async () => {
    const file = join(shell.home, 'tasks.ts');
    const write = (version: number) =>
      writeFileSync(file, `import { task } from 'bgtask';\nexport const version = task('version', async () => ${version});\n`);
    write(1);
    await server();
    await shell.serve('npx bgtask task serve tasks.ts');
    const ids: string[] = [];
    for (let version = 2; version <= 4; version += 1) {
      ids.push(await submit('version'));
      write(version);
      ids.push(await submit('version'));
      await until(async () => (await ended(await submit('version'))).result === version);
    }
    for (const id of ids) expect(await ended(id)).toMatchObject({ state: 'COMPLETED', attempt: 1 });
  });
});
