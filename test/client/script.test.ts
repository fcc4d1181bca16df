/** Scripts of users as real processes: nothing of a client holds them but what they await. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completed, FakeServer } from './fake-server.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/client/script.ts', import.meta.url));

let server: FakeServer;
let child: ChildProcess;
beforeEach(async () => {
  server = await FakeServer.start();
});
afterEach(async () => {
  child.kill('SIGKILL');
  await server.kill();
});

/** `until` resolves with the first line that begins like this; `exit` with the code and all lines. */
function script(what: string): { until: (start: string) => Promise<string>; exit: () => Promise<{ code: unknown; lines: string[] }> } {
  child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, server.url, what], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const exited = once(child, 'close');
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on('line', (line) => lines.push(line));
  return {
    until: async (start) => {
      for (;;) {
        const found = lines.find((line) => line.startsWith(start));
        if (found !== undefined) return found;
        await once(reader, 'line');
      }
    },
    exit: async () => ({ code: (await exited)[0], lines }),
  };
}

/** What would hold it (a socket, an idle connection) would hold it for ever. */
async function endsByItself(what: string): Promise<void> {
  const { until, exit } = script(what);
  await until('end of script');
  expect((await exit()).code).toBe(0);
}

describe('a script ends by itself', () => {
  test.each(['submit once', 'submit often', 'only watch', 'await no longer than a moment'])('that does no more than: %s', async (what) => {
    await endsByItself(what);
  });

  test('after a direct call, which is recorded before', async () => {
    await endsByItself('call directly');
    expect(server.framesOf('finished')).toHaveLength(1);
  });

  test('after a direct call without a server', async () => {
    await server.kill();
    await endsByItself('call directly');
  });
});

describe('a script stays alive while it awaits', () => {
  test('a result, and ends with it', async () => {
    const { until, exit } = script('await a result');
    const id = (await until('submitted')).split(' ')[1] as string;
    await server.until(() => server.framesOf('watch').length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300)); // nothing else keeps it
    expect(child.exitCode).toBeNull();
    server.change(id, completed('Hello'));
    expect(await exit()).toMatchObject({ code: 0, lines: [expect.anything(), 'Hello', 'end of script'] });
  });

  test('a result, also while the server is being restarted', async () => {
    const { until, exit } = script('await a result');
    const id = (await until('submitted')).split(' ')[1] as string;
    await server.until(() => server.framesOf('watch').length === 1);
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // several tries, each of which waits
    expect(child.exitCode).toBeNull();
    await server.listen();
    await server.until(() => server.framesOf('watch').length === 2);
    server.change(id, completed('Hello'));
    expect((await exit()).lines).toContain('Hello');
  });

  test('events, and ends with the last', async () => {
    const { until, exit } = script('await events');
    const id = (await until('submitted')).split(' ')[1] as string;
    await until('SCHEDULED');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).toBeNull();
    server.change(id, completed(1));
    expect(await exit()).toMatchObject({ code: 0, lines: expect.arrayContaining(['COMPLETED', 'end of script']) });
  });
});
