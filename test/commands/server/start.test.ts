import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import ServerStart from '../../../commands/server/start.ts';
import type { ServerRecord, ServerStatus } from '../../../src/core/api.ts';
import { bgtask, type Output, type TestHome, testHome } from '../../helpers/cli.ts';
import { until } from '../../helpers/cli-server.ts';

let home: TestHome;
beforeEach(() => {
  home = testHome();
});
afterEach(() => {
  vi.restoreAllMocks();
  home.remove();
});

const records = (): ServerRecord[] => {
  const folder = join(home.folder, 'servers');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as ServerRecord);
};

/** Starts a server in this process, looks at it with `look`, and stops it with a signal. */
async function running(argv: string[], look: (record: ServerRecord) => Promise<void> | void = () => {}, env = {}): Promise<Output> {
  const ended = bgtask(ServerStart, argv, { ...home.env, ...env });
  const record = await Promise.race([until(() => records()[0]), ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  try {
    await until(() => process.listenerCount('SIGTERM') > 0);
    await look(record);
  } finally {
    process.emit('SIGTERM', 'SIGTERM');
  }
  return await ended;
}

describe('a server that starts', () => {
  test('prints its URL when it is ready, leaves its record and key, answers, and takes its record away at the end', async () => {
    const output = await running(['--port', '0'], async (record) => {
      expect(record).toMatchObject({ pid: process.pid, store: `file:${home.folder}/store`, tokenFile: `${home.folder}/store/token` });
      expect(statSync(record.tokenFile as string).mode & 0o777).toBe(0o600);
      const key = readFileSync(record.tokenFile as string, 'utf8').trim();
      expect(await status(record.url, key)).toBe(200);
      expect(await status(record.url, 'wrong')).toBe(401);
    });
    expect(output.exit).toBe(0);
    expect(output.stdout).toMatch(/^bgtask \S+ listens on http:\/\/127\.0\.0\.1:\d+ \(store file:.*\/store, durable, 0 runs\)\n$/);
    expect(records()).toEqual([]);
  });

  test('with --json prints its status, once', async () => {
    const status = (await running(['--port', '0', '--store', 'memory:', '--json'])).json<ServerStatus>();
    expect(status).toMatchObject({ pid: process.pid, store: 'memory:', durability: 'memory' });
    expect(status.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('takes its flags from the environment too', async () => {
    const env = { BGTASK_PORT: '0', BGTASK_STORE: 'memory:', BGTASK_NO_AUTH: '1' };
    const { stderr } = await running([], (record) => expect(record.tokenFile).toBeNull(), env);
    expect(stderr).toContain('It asks for no key');
  });

  test('never shows its key', async () => {
    let key = '';
    const { stdout, stderr } = await running(['--port', '0'], (record) => {
      key = readFileSync(record.tokenFile as string, 'utf8').trim();
    });
    expect(stdout + stderr).not.toContain(key);
  });

  test('goes on where its store was left', async () => {
    await running(['--port', '0'], async (record) => {
      const authorization = `Bearer ${readFileSync(record.tokenFile as string, 'utf8').trim()}`;
      const headers = { authorization, 'content-type': 'application/json' };
      await fetch(`${record.url}/api/runs`, { method: 'POST', headers, body: '{"task":"greet"}' });
    });
    expect((await running(['--port', '0'])).stdout).toContain('1 run)');
  });
});

describe('a server that cannot start', () => {
  test('where the port is taken exits 75 and names who has it; the store is let go', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const output = await bgtask(ServerStart, ['--port', String(port)], home.env);
    other.close();
    expect(output.exit).toBe(75);
    expect(output.stdout).toBe('');
    if (process.platform === 'linux') expect(output.stderr).toContain(`(pid ${process.pid}) listens there`);
    expect((await running(['--port', '0'])).exit).toBe(0);
  });

  test('where the store is held exits 75 and names by whom', async () => {
    await running(['--port', '0'], async () => {
      const second = await bgtask(ServerStart, ['--port', '0'], home.env);
      expect(second.exit).toBe(75);
      expect(second.stderr).toContain(String(process.pid));
    });
  });

  test('where the store is a planted link exits 73', async () => {
    mkdirSync(join(home.folder, 'elsewhere'));
    symlinkSync(join(home.folder, 'elsewhere'), join(home.folder, 'store'));
    expect((await bgtask(ServerStart, ['--port', '0'], home.env)).exit).toBe(73);
  });

  test.each([
    [['--host', '0.0.0.0', '--no-auth'], 'must stay on 127.0.0.1'],
    [['--host', '0.0.0.0'], 'by which name the server may be called'],
  ])('where it would be open to others exits 78: %j', async (argv, message) => {
    const { exit, stderr } = await bgtask(ServerStart, ['--port', '0', '--store', 'memory:', ...argv], home.env);
    expect(exit).toBe(78);
    expect(stderr).toContain(message);
  });

  test.each([[['--port', 'x']], [['--port', '70000']], [['--durability', 'maybe']], [['--store', 'sqlite:x']], [['--prot', '1']]])(
    'where it is told nonsense exits 2: %j',
    async (argv) => {
      expect((await bgtask(ServerStart, argv, home.env)).exit).toBe(2);
    },
  );

  test('where the environment names a store that is none exits 78', async () => {
    expect((await bgtask(ServerStart, ['--port', '0'], { ...home.env, BGTASK_STORE: 'sqlite:x' })).exit).toBe(78);
  });
});

async function status(url: string, key: string): Promise<number> {
  return (await fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${key}` } })).status;
}
