/** Text of tasks, callers and servers on a terminal: it is shown, and commands nothing. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Pty } from '../helpers/pty.ts';
import { root, Shell } from '../helpers/shell.ts';
import { Target } from '../helpers/target.ts';

/** A title, a clear, the clipboard, a link, a device control string, the same in C1, and what turns the direction of text. */
const EVIL = [
  '\x1b]0;title\x07',
  '\x1b[2J\x1b[1;1H',
  '\x1b]52;c;aGk=\x07',
  '\x1b]8;;http://evil.example\x1b\\link',
  '\x1bP1$r\x1b\\',
  '\x9b2J\x9d0;c1\x9c\x90x\x9c',
  '\u202eesrever\u2066\u200f\u061c',
  '\x7f\b\r\x00\x0e',
].join('');
const TASKS = `
import { runContext, task } from 'bgtask';
const EVIL = ${JSON.stringify(EVIL)};
export const attack = task('attack', (text: string) => {
  console.log('logged' + EVIL);
  process.stdout.write('written' + EVIL + '\\n');
  runContext().progress(1, 2, EVIL);
  return { given: text, made: EVIL, [EVIL]: 1 };
});
export const fail = task('fail', () => { throw Object.assign(new Error('thrown' + EVIL), { name: 'E' + EVIL }); });
`;

const COLOUR = new RegExp(`${'\x1b'}\\[[\\d;]*m`, 'g');

/** What is left of `text` that a terminal would obey, beside line ends, tabs and bgtask's own colours. */
function commandsIn(text: string): string[] {
  const plain = text.replaceAll('\r\n', '\n').replace(COLOUR, '');
  return plain.match(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu) ?? [];
}

const terminals: Pty[] = [];
afterEach(async () => {
  await Promise.all(terminals.splice(0).map((one) => one.close()));
});
function terminal(shell: Shell, args: readonly string[], env: NodeJS.ProcessEnv = {}): Pty {
  const all = { ...shell.env, NO_COLOR: '', CI: 'true', ...env };
  const pty = new Pty(process.execPath, [join(root, 'bin/run.js'), ...args], { cwd: shell.home, env: all, columns: 100, rows: 50 });
  terminals.push(pty);
  return pty;
}

describe('text of tasks and callers', () => {
  let target: Target;
  let worker: Pty;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    target = await Target.open();
    writeFileSync(join(target.shell.home, 'tasks.ts'), TASKS);
    worker = terminal(target.shell, ['task', 'serve', 'tasks.ts', '--no-watch', '--name', `worker${EVIL.replaceAll('\0', '')}`], {
      BGTASK_LOG_LEVEL: 'debug',
    });
    terminals.length = 0;
    await worker.shows(/ready/);
    for (const task of ['attack', 'fail']) {
      const { body } = await target.post('/api/runs', {
        task,
        args: [EVIL],
        options: { tags: [EVIL], runName: EVIL, idempotencyKey: task + EVIL },
      });
      ids[task] = /"id":"([^"]+)"/.exec(body)?.[1] as string;
      await target.shell.run(`npx bgtask run wait ${ids[task]}`);
    }
  });
  afterAll(async () => {
    await worker.close();
    await target.close();
  });

  const COMMANDS: [string, () => string[]][] = [
    ['run logs', () => ['run', 'logs', ids.attack as string]],
    ['run logs -f', () => ['run', 'logs', '-f', ids.attack as string]],
    ['run inspect', () => ['run', 'inspect', ids.attack as string]],
    ['run inspect --reveal', () => ['run', 'inspect', '--reveal', ids.attack as string]],
    ['run inspect of a failure', () => ['run', 'inspect', ids.fail as string]],
    ['run wait', () => ['run', 'wait', ids.attack as string]],
    ['run wait for a failure', () => ['run', 'wait', ids.fail as string]],
    ['task run --wait', () => ['task', 'run', 'attack', EVIL.replaceAll('\0', ''), '--wait', '--tag', 'x']],
    ['task ls', () => ['task', 'ls']],
    ['worker ls', () => ['worker', 'ls']],
  ];

  test.each(COMMANDS)('%s shows it and obeys nothing of it, on a terminal', async (_, args) => {
    const pty = terminal(target.shell, args());
    await pty.ended;
    expect(pty.written.length).toBeGreaterThan(20);
    expect(pty.written).toMatch(/\\x1b/i);
    expect(commandsIn(pty.written)).toEqual([]);
  });

  test('the console of a worker shows what tasks write and obeys nothing of it', async () => {
    await worker.shows(/attack/);
    expect(commandsIn(worker.written)).toEqual([]);
  });

  test.each(COMMANDS.filter(([name]) => !/-f|reveal/.test(name)))(
    '%s --json is plain ASCII where it matters, and the same value',
    async (_, args) => {
      const pty = terminal(target.shell, [...args(), '--json']);
      await pty.ended;
      expect(commandsIn(pty.written)).toEqual([]);
      expect(pty.written).toContain('\\u202e');
      expect(pty.written).toContain('\\u009b');
      expect(pty.written).toContain('\\u007f');
    },
  );

  test('the value in --json is what the task made', async () => {
    const run = JSON.parse(await target.shell.done(`npx bgtask run inspect ${ids.attack} --json`)) as {
      result: unknown;
      tags: string[];
      name: string;
    };
    expect(run).toMatchObject({ result: { given: EVIL, made: EVIL, [EVIL]: 1 }, tags: [EVIL], name: EVIL });
    const lines = JSON.parse(await target.shell.done(`npx bgtask run logs ${ids.attack} --json`)) as { text: string }[];
    expect(lines.map(({ text }) => text)).toContainEqual(expect.stringContaining(EVIL.slice(0, 80)));
  });

  test('bare text is for pipes: --raw is refused on a terminal', async () => {
    const { code } = await terminal(target.shell, ['run', 'logs', '--raw', ids.attack as string]).ended;
    expect(code).toBe(2);
    expect(await target.shell.done(`npx bgtask run logs --raw ${ids.attack}`)).toContain('\x1b]0;title\x07');
  });
});

describe('a server that is no friend', () => {
  const KEY = 'canary-key-0f7d0c61a2';
  let shell: Shell;
  const servers: Server[] = [];
  beforeAll(async () => {
    shell = await Shell.open();
    shell.setEnv('BGTASK_API_KEY', KEY);
  });
  afterAll(async () => {
    for (const server of servers) server.close().closeAllConnections();
    await shell.close();
  });

  const serve = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer);
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const LINES = [
    ['run', 'inspect', 'x'],
    ['run', 'logs', 'x'],
    ['run', 'cancel', 'x'],
    ['task', 'ls'],
    ['task', 'run', 'x'],
    ['worker', 'ls'],
    ['server', 'status'],
  ];

  test('is not followed to another host, which gets no request and no key', async () => {
    const heard: string[] = [];
    const other = await serve((request, answer) => {
      heard.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      answer.end('{}');
    });
    const url = await serve((request, answer) => answer.writeHead(302, { location: other + request.url }).end());
    for (const args of LINES) {
      const pty = terminal(shell, args, { BGTASK_API_URL: url });
      expect((await pty.ended).code).not.toBe(0);
      expect(pty.written).toContain('redirect');
      expect(pty.written).not.toContain(KEY);
    }
    expect(heard).toEqual([]);
  });

  test('that never stops answering is left', async () => {
    let sent = 0;
    const url = await serve((_, answer) => {
      const block = Buffer.alloc(1_048_576, 0x20);
      answer.writeHead(200, { 'content-type': 'application/json' });
      const pour = (): void => {
        sent += block.length;
        answer.write(block, (error) => (error ? undefined : setImmediate(pour)));
      };
      pour();
    });
    const pty = terminal(shell, ['run', 'inspect', 'x'], { BGTASK_API_URL: url });
    expect((await pty.ended).code).toBe(1);
    expect(pty.written).toMatch(/larger than/);
    expect(sent).toBeLessThan(200 * 1_048_576);
  });

  test.each([
    ['an error', 400, { error: { code: 'x', message: EVIL } }],
    ['an error without a name', 500, EVIL],
    ['a run', 200, { ...hostileRun(), runs: [hostileRun()], nextCursor: null }],
    [
      'a list',
      200,
      [{ at: EVIL, level: EVIL, text: EVIL, attempt: EVIL, name: EVIL, id: EVIL, host: EVIL, tasks: [EVIL], lastSeenAt: EVIL, pid: EVIL }],
    ],
    [
      'a status',
      200,
      { url: EVIL, pid: EVIL, store: EVIL, version: EVIL, durability: EVIL, startedAt: EVIL, counts: { RUNNING: EVIL, SCHEDULED: EVIL } },
    ],
  ])('commands no terminal by %s', async (_, status, body) => {
    const url = await serve((_request, answer) => answer.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)));
    for (const args of LINES) {
      const pty = terminal(shell, args, { BGTASK_API_URL: url });
      await pty.ended;
      expect({ args, commands: commandsIn(pty.written) }).toEqual({ args, commands: [] });
    }
  });
});

function hostileRun(): object {
  const text = Object.fromEntries(
    ['id', 'task', 'name', 'state', 'stateName', 'worker', 'idempotencyKey', 'parentId', 'retryOf', 'waitingFor'].map((key) => [key, EVIL]),
  );
  const times = Object.fromEntries(['createdAt', 'dueAt', 'startedAt', 'endedAt'].map((key) => [key, EVIL]));
  const error = { name: EVIL, message: EVIL, stack: EVIL, cause: null };
  const history = [{ state: EVIL, name: EVIL, at: EVIL, attempt: 1, reason: EVIL }];
  return {
    ...text,
    ...times,
    error,
    history,
    args: [EVIL],
    result: EVIL,
    tags: [EVIL],
    waitFor: [EVIL],
    attempt: EVIL,
    maxAttempts: EVIL,
    crashes: 0,
    priority: 0,
    progress: { done: EVIL, total: EVIL, note: EVIL },
    meta: { [EVIL]: EVIL },
  };
}
