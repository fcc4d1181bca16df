import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { task } from '../../src/index.ts';
import { serve } from '../../src/worker/serve.ts';
import { FakeServer } from './fake-server.ts';
import { anAssignment, childOf, fixture, isAlive, Told } from './pools.ts';

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

const TSX = createRequire(import.meta.url).resolve('tsx');

interface Script {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly output: () => string;
  /** Resolves when the output matches. */
  says(pattern: RegExp): Promise<void>;
  readonly exit: Promise<[number | null, string | null]>;
}

function run(args: readonly string[]): Script {
  const child = spawn(process.execPath, ['--import', TSX, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return {
    process: child,
    pid: child.pid as number,
    output: () => output,
    says: async (pattern) => {
      while (!pattern.test(output)) await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), once(child, 'exit')]);
    },
    exit: once(child, 'exit') as Promise<[number | null, string | null]>,
  };
}

async function aScript(isolation = 'process') {
  const server = await FakeServer.open();
  const script = run([fixture('script.ts'), server.url, isolation]);
  await script.says(/worker ready: second/);
  await server.hello(2);
  return { server, script };
}

/** The first worker of the script gets it; the second gives it back. */
async function resultOf(server: FakeServer, name: string, args: readonly unknown[] = []) {
  const run = anAssignment(name, args);
  server.grant(run);
  const outcome = await server.until(() => server.outcomes.find(({ token, type }) => token === run.token && type !== 'release'));
  return outcome.type === 'succeed' ? JSON.parse(outcome.result ?? 'null') : outcome;
}

describe('a script that serves its tasks', () => {
  test('runs them in children of its own, with the same arguments, and goes on itself', async () => {
    const { server, script } = await aScript();
    expect((await server.hello()).tasks.map(({ name }) => name)).toEqual(['where', 'busy', 'wait', 'quit']);
    const { pid, ...rest } = await resultOf(server, 'where');
    expect(rest).toEqual({ ppid: script.pid, argv: [server.url, 'process'], mark: null });
    expect(pid).not.toBe(script.pid);
    expect(await resultOf(server, 'second')).toBe('second');
    expect(script.output().match(/both serve in/g)).toHaveLength(1);
  });

  test('survives a task that ends its process', async () => {
    const { server, script } = await aScript();
    expect(await resultOf(server, 'quit')).toMatchObject({ type: 'crash', error: { message: expect.stringContaining('exit code 7') } });
    expect(await resultOf(server, 'wait', [1])).toBe('waited');
    expect(isAlive(script.pid)).toBe(true);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'stops cleanly on %s: what runs is finished, and the exit code is 0',
    async (signal) => {
      const { server, script } = await aScript();
      const run = anAssignment('wait', [700]);
      server.grant(run);
      await server.until(() => server.of('started')[0]);
      script.process.kill(signal);
      expect(await script.exit).toEqual([0, null]);
      expect(server.outcomes).toContainEqual({ runId: run.runId, token: run.token, type: 'succeed', result: '"waited"' });
      expect(script.output()).toContain('closed');
    },
  );

  test('ends at once on the second signal, and takes its children along', async () => {
    const { server, script } = await aScript();
    server.grant(anAssignment('busy'));
    await server.until(() => server.of('started')[0]);
    const child = childOf(script.pid);
    script.process.kill('SIGTERM');
    await server.until(() => server.of('update')[0]);
    script.process.kill('SIGTERM'); // an echo of the first, as npm makes one
    await sleep(200); // it is told apart by time alone
    expect(isAlive(child)).toBe(true);
    script.process.kill('SIGTERM');
    expect(await script.exit).toEqual([143, null]);
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  test('killed with -9 leaves no child behind, not even one whose code never lets go of the thread', async () => {
    const { server, script } = await aScript();
    server.grant(anAssignment('busy'));
    await server.until(() => server.of('started')[0]);
    const child = childOf(script.pid);
    expect(isAlive(child)).toBe(true);
    script.process.kill('SIGKILL');
    await script.exit;
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  test('without isolation runs them in its own process', async () => {
    const { server, script } = await aScript('none');
    expect(await resultOf(server, 'where')).toMatchObject({ pid: script.pid });
    script.process.kill('SIGINT');
    expect(await script.exit).toEqual([0, null]);
  });

  test('that is no file is told what to do instead', async () => {
    const index = new URL('../../src/index.ts', import.meta.url).href;
    const script = run(['--input-type=module', '-e', `import { serve, task } from '${index}'; await serve([task('a', () => 1)]);`]);
    expect((await script.exit)[0]).toBe(1);
    expect(script.output()).toMatch(/there is no script file.*isolation: 'none'/);
  });
});

describe('what serve is given', () => {
  const a = task('same', async () => 1);
  const b = task('same', async () => 2);

  test('two tasks of one name are refused, and both are named', async () => {
    await expect(serve([a, task('other', async () => 1), b])).rejects.toThrow(/Two tasks are named 'same': tasks\[0\] and tasks\[2\]/);
  });

  test('the same task twice is one task', async () => {
    const server = await FakeServer.open();
    const worker = await serve([a, a], { isolation: 'none', address: server.address, onEvent: new Told().onEvent });
    expect((await server.hello()).tasks).toHaveLength(1);
    await worker.stop();
  });

  test('what is no task is named', async () => {
    await expect(serve([(() => 1) as never])).rejects.toThrow(/tasks\[0\] of serve is a function; expected a task/);
    await expect(serve([])).rejects.toThrow(/expected a list of tasks/);
    await expect(serve([a], { watch: true } as never)).rejects.toThrow(/A worker has no option 'watch'/);
  });
});
