// Records the run viewer at work: `npm run record [FILE]` plays a short session of `bgtask dev` in a pseudo-terminal and writes
// it as FILE.cast (asciicast v2, for asciinema) and FILE.svg (an animation that a README can show). Needs a build, and a machine that is not
// busy: the animation is as quick as the session was.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { animation } from './record-svg.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = process.argv[2] ?? join(root, 'docs', 'recordings', 'viewer');
const size = { cols: 96, rows: 20 };
/** Frames of the animation are at least so far apart. */
const STEP_MS = 120;
const PATIENCE_MS = 20_000;
const TITLE = 'npx bgtask dev tasks.ts';
const KEY_NAMES = { '\r': 'Enter', '\x1b': 'Esc' };

const TASKS = `import { setTimeout as sleep } from 'node:timers/promises';
import { runContext, task } from 'bgtask';

export const greet = task('greet', async (name: string) => \`Hello, \${name}!\`);

export const resize = task('resize', { retries: 1, retryDelay: '2s', concurrency: 2 }, async (file: string, width = 300) => {
  for (let done = 0; done <= 12; done++) {
    runContext().progress(done, 12, file);
    console.log('row', done * 40, 'of', 480);
    await sleep(250);
    if (done === 5 && file.endsWith('.txt')) throw new TypeError(\`\${file} is not an image\`);
  }
  return { file, width };
});

export const backup = task('backup', async (folder: string) => {
  const { progress, signal } = runContext();
  for (let done = 0; done <= 100; done++) {
    progress(done, 100, folder);
    await sleep(400, null, { signal });
  }
});
`;
const PROJECT = 'photos';

const home = mkdtempSync(join(tmpdir(), 'bgtask-'));
const folder = join(home, PROJECT); // shown where a stack is
mkdirSync(join(folder, 'node_modules'), { recursive: true });
symlinkSync(root, join(folder, 'node_modules', 'bgtask'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
writeFileSync(join(folder, 'tasks.ts'), TASKS);
const bin = join(root, 'bin', 'run.js');
const outside = Object.entries(process.env).filter(([name]) => !/^(BGTASK_|CI$|NO_COLOR$|FORCE_COLOR$)/.test(name));
const env = {
  ...Object.fromEntries(outside),
  TERM: 'xterm-256color',
  BGTASK_HOME: join(home, '.home'),
  BGTASK_PORT: String(await freePort()),
};

const emulator = new xterm.Terminal({ ...size, allowProposedApi: true });
const events = [];
const frames = [];
const keys = [];
let isShown = true;
const began = performance.now();
const terminal = spawn(process.execPath, [bin, 'dev', 'tasks.ts', '--name', 'laptop'], { ...size, cwd: folder, env });
terminal.onData((text) => {
  events.push([(performance.now() - began) / 1_000, 'o', text]);
  emulator.write(text, look);
});
const ended = new Promise((resolve) => terminal.onExit(resolve));

/** Takes the screen as a frame of the animation, or in place of one that was hardly seen. */
function look() {
  if (!isShown) return;
  const at = performance.now() - began;
  const last = frames.at(-1);
  const frame = { at: last && at - last.at < STEP_MS ? last.at : at, cells: cellsOf(emulator) };
  if (frame.at === last?.at) frames[frames.length - 1] = frame;
  else frames.push(frame);
}

function cellsOf({ buffer, rows, cols }) {
  return Array.from({ length: rows }, (_, row) => {
    const line = buffer.active.getLine(buffer.active.viewportY + row);
    return Array.from({ length: cols }, (__, column) => {
      const cell = line?.getCell(column);
      const colour = cell?.isFgPalette() ? cell.getFgColor() : null;
      const style = { colour, bold: Boolean(cell?.isBold()), dim: Boolean(cell?.isDim()), inverse: Boolean(cell?.isInverse()) };
      return { text: cell?.getChars() || (cell?.getWidth() === 0 ? '' : ' '), width: cell?.getWidth() ?? 1, ...style };
    });
  });
}

async function shows(pattern) {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await sleep(20)) {
    const { active } = emulator.buffer;
    const text = Array.from({ length: size.rows }, (_, row) => active.getLine(active.viewportY + row)?.translateToString(true)).join('\n');
    if (pattern.test(text)) return;
  }
  throw new Error(`The screen never showed ${pattern}`);
}

/** Milliseconds after each key. */
async function type(typed, ms) {
  for (const key of typed) {
    if (isShown) keys.push({ at: performance.now() - began, label: KEY_NAMES[key] ?? key });
    terminal.write(key);
    await sleep(ms);
  }
}

/** The default one, since the screen shows it, or another where that is in use. */
async function freePort() {
  for (const wanted of [4200, 0]) {
    const server = createServer().listen(wanted, '127.0.0.1');
    const [failed] = await Promise.race([once(server, 'listening'), once(server, 'error')]).catch((error) => [error]);
    if (failed) continue;
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** What a program would do meanwhile. */
async function submitAll() {
  Object.assign(process.env, { BGTASK_HOME: env.BGTASK_HOME, BGTASK_API_URL: `http://127.0.0.1:${env.BGTASK_PORT}` });
  const { taskRef } = await import('bgtask');
  const [greet, resize, backup] = ['greet', 'resize', 'backup'].map((name) => taskRef(name));
  const calls = [
    () => greet.delay('Agrajag'),
    () => resize.delay('kitten.png'),
    () => greet.map(['Ford', 'Trillian', 'Zaphod']),
    () => resize.delay('notes.txt', 640),
    () => backup.delay('photos/2025'),
    () => greet.applyAsync(['Slartibartfast'], { delay: '5m' }),
    () => resize.delay('sunset.jpg'),
  ];
  for (const call of calls) {
    await call();
    await sleep(450);
  }
}

try {
  await shows(/ready/);
  await sleep(700);
  await submitAll();
  await shows(/AwaitingRetry/);
  await type(['j', 'j', 'j'], 350);
  await type(['\r'], 2_500);
  await shows(/✗ Failed/);
  await type(['G'], 2_500);
  await type(['\x1b'], 1_200);
  await type(['/', 'g', 'r', 'e', 'e', 't'], 300);
  await sleep(1_200);
  await type(['\x1b'], 900);
  await type(['g', 'j', 'j'], 350);
  await type(['c'], 1_500);
  await type(['y'], 0);
  await shows(/Cancelled/);
  await sleep(2_000);
  isShown = false; // what it says as it goes belongs to the shell
  await type(['q'], 0);
  await ended;
} finally {
  terminal.kill();
  await ended;
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

mkdirSync(dirname(target), { recursive: true });
const head = { version: 2, width: size.cols, height: size.rows, title: TITLE };
writeFileSync(`${target}.cast`, `${[head, ...events].map((line) => JSON.stringify(line)).join('\n')}\n`);
const alternate = frames.filter(({ cells }) => cells[0].some(({ text }) => text.trim() !== ''));
writeFileSync(`${target}.svg`, animation(alternate, { columns: size.cols, rows: size.rows, title: `${PROJECT} $ ${TITLE}`, keys }));
console.log(`${target}.cast, ${target}.svg: ${alternate.length} frames`);
