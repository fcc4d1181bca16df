/** `bgtask task ls` on a real terminal, with a real server behind it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Pty, type PtyOptions } from '../helpers/pty.ts';
import { root, Shell, type Started } from '../helpers/shell.ts';

const TASKS = `
import { runContext, task } from 'bgtask';
export const greet = task('greet', async (name: string) => { console.log('greeting', name); return \`Hello, \${name}!\`; });
export const wait = task('wait', () => new Promise((resolve) => { runContext().signal.addEventListener('abort', () => resolve(null)); }));
const evil = '\\x1b]0;title\\x07\\x1b]52;c;aGk=\\x07\\x1b[3J\\x9b2J\\u202e';
export const attack = task('attack', () => { console.log('log' + evil); throw new Error('no' + evil); });
export const fail = task('fail', () => { throw new Error('no such luck'); });
`;
const ESCAPE = '\x1b';

let shell: Shell;
let server: Started;
const terminals: Pty[] = [];

beforeAll(async () => {
  shell = await Shell.open();
  writeFileSync(join(shell.home, 'tasks.ts'), TASKS);
  server = await shell.serve('npx bgtask server start');
  await shell.serve('npx bgtask task serve tasks.ts --no-watch --name laptop-1');
  await shell.done('npx bgtask task run greet Ada --wait');
});
afterEach(async () => {
  await Promise.all(terminals.splice(0).map((terminal) => terminal.close()));
});
afterAll(async () => {
  await shell.close();
});

/** `CI` off: our own checks run with it on, and then the command prints a table. */
function viewer(env: NodeJS.ProcessEnv = {}, size: Pick<PtyOptions, 'columns' | 'rows'> = {}, args: readonly string[] = []): Pty {
  const all = { ...shell.env, NO_COLOR: '', CI: '', ...env };
  const terminal = new Pty(process.execPath, [join(root, 'bin/run.js'), 'task', 'ls', ...args], { cwd: shell.home, env: all, ...size });
  terminals.push(terminal);
  return terminal;
}

describe('the run viewer', () => {
  test('shows runs the moment they are submitted, and everything about one of them', async () => {
    const terminal = viewer();
    const screen = await terminal.shows(/✓ Completed +greet/);
    expect(screen[0]).toMatch(/^ bgtask {2}http:\/\/127\.0\.0\.1:\d+ +● live$/);
    expect(screen[23]).toContain('q quit');
    await shell.done('npx bgtask task run fail');
    await terminal.shows(/❯ ✗ Failed +fail[^\n]*laptop-1/); // the newest is selected
    terminal.type('\r');
    await terminal.shows(/Error {6}Error: no such luck\n +at /);
    terminal.type(`${ESCAPE}`);
    await terminal.shows(/WORKER/);
    terminal.type('/greet\r\r');
    const details = (await terminal.shows(/Logs .*greeting Ada/)).join('\n');
    expect(details).toContain("Arguments  'Ada'");
    expect(details).toContain("Result     'Hello, Ada!'");
    expect(details).toMatch(/History {4}.*Scheduled\n.*Pending\n.*Running +attempt 1\n.*Completed/);
    terminal.type('q');
    expect(await terminal.ended).toEqual({ code: 0, signal: 0 });
    expect(terminal.buffer).toBe('normal');
  });

  test('writes nothing that a terminal obeys but its own, whatever tasks write', async () => {
    const terminal = viewer();
    await terminal.shows(/live/);
    await shell.done('npx bgtask task run attack');
    await terminal.shows(/❯ ✗ Failed +attack/);
    terminal.type('\r');
    await terminal.shows(/Error {6}Error: no\\x1b\]0;title\\x07/);
    await terminal.shows(/log\\x1b\]0;title/);
    const own = /^\[(\d+;1H|2[KJ]|[\d;]*m|\?(1049|25|7|2004|2026)[hl])/;
    const [, ...sequences] = terminal.written.split(ESCAPE);
    expect(sequences.filter((sequence) => !own.test(sequence))).toEqual([]);
    for (const character of ['\x07', '\x9b', '\u202e']) expect(terminal.written).not.toContain(character);
  });

  test('cancels the selected run, after y', async () => {
    const terminal = viewer({}, { columns: 120, rows: 40 });
    await terminal.shows(/live/);
    await shell.done('npx bgtask task run wait');
    await terminal.shows(/❯ ● Running +wait/);
    terminal.type('c');
    await terminal.shows(/Cancel wait \w+\? y\/n/);
    terminal.type('n');
    await terminal.shows(/c cancel/);
    terminal.type('c');
    await terminal.shows(/y\/n/);
    terminal.type('y');
    await terminal.shows(/❯ (✓ Completed|⊘ Cancelled) +wait/);
  });

  test('keeps its list while the server is away, and goes on when it is back', async () => {
    const terminal = viewer();
    await terminal.shows(/● live[\s\S]*✓ Completed +greet/);
    await server.stop();
    const lost = await terminal.shows(/○ reconnecting since \d\d:\d\d:\d\d/);
    expect(lost.join('\n')).toMatch(/✓ Completed +greet/);
    server = await shell.serve('npx bgtask server start');
    await terminal.shows(/● live/);
    await shell.done('npx bgtask task run greet Marvin --wait');
    await terminal.shows(/❯ ✓ Completed +greet/);
  });

  test('follows the size of its terminal', async () => {
    const terminal = viewer({}, { columns: 60, rows: 12 });
    expect((await terminal.shows(/q quit/))[11]).toContain('q quit');
    terminal.resize(120, 40);
    await terminal.shows(/ARGUMENTS AND RESULT[\s\S]*'Hello, Ada!'/);
    terminal.resize(30, 6);
    await terminal.shows(/Terminal too small/);
    terminal.resize(80, 24);
    expect((await terminal.shows(/q quit/))[23]).toContain('q quit');
  });

  test('shows only what its flags ask for', async () => {
    const terminal = viewer({}, {}, ['--task', 'fail']);
    const screen = (await terminal.shows(/only task fail/)).join('\n');
    expect(screen).not.toMatch(/greet/);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('gives the terminal back on %s', async (signal) => {
    const terminal = viewer();
    await terminal.shows(/live/);
    expect(terminal.buffer).toBe('alternate');
    terminal.signal(signal);
    await terminal.ended;
    expect(terminal.buffer).toBe('normal');
    expect(terminal.written).toContain(`${ESCAPE}[?25h`);
  });

  test('writes colours, and none with NO_COLOR', async () => {
    const green = `${ESCAPE}[32m`;
    const coloured = viewer();
    await coloured.shows(/✓ Completed/);
    expect(coloured.written).toContain(green);
    const plain = viewer({ NO_COLOR: '1' });
    await plain.shows(/❯ /);
    const styles = plain.written.split(ESCAPE).filter((part) => /^\[[\d;]*m/.test(part));
    expect(styles).toEqual([]);
  });

  test('shows runs in a shell where DEV is set, which Ink takes for its own', async () => {
    await viewer({ DEV: 'true' }).shows(/✓ Completed/);
  });

  test('says where no server is, and what helps, until there is one', async () => {
    const terminal = viewer({ BGTASK_API_URL: 'http://127.0.0.1:9' });
    const { code } = await Promise.race([terminal.ended, terminal.shows(/bgtask server start/).then(() => ({ code: 69 }))]);
    expect(code).toBe(69);
  });

  test('is a table where CI is set', async () => {
    const terminal = viewer({ CI: 'true' });
    await terminal.ended;
    expect(terminal.written).not.toContain(`${ESCAPE}[?1049h`);
    expect(terminal.written).toMatch(/greet/);
  });
});

test('Ctrl-Z gives the terminal to the shell, and fg takes it back', async () => {
  const env = { ...shell.env, NO_COLOR: '', CI: '', PS1: 'prompt$ ' };
  const terminal = new Pty('bash', ['--norc', '--noprofile', '-i'], { cwd: shell.home, env });
  terminals.push(terminal);
  await terminal.shows(/prompt\$ /);
  terminal.type(`'${process.execPath}' '${join(root, 'bin/run.js')}' task ls\r`);
  await terminal.shows(/● live/);
  terminal.type('\x1a');
  await terminal.shows(/Stopped/);
  expect(terminal.buffer).toBe('normal');
  terminal.type('fg\r');
  await terminal.shows(/● live/);
  expect(terminal.buffer).toBe('alternate');
  terminal.type('q');
  await terminal.shows(/prompt\$ $/m);
  expect(terminal.buffer).toBe('normal');
});
