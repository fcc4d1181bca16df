// Records the run viewer at work: `node scripts/record.mjs [FILE]` plays a short session of `bgtask dev` in a pseudo-terminal and writes
// it as FILE.cast (asciicast v2, for asciinema) and FILE.svg (an animation that a README can show). Needs a build.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { animation } from './record-svg.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = process.argv[2] ?? join(root, 'docs', 'recordings', 'viewer');
const size = { cols: 96, rows: 22 };
/** Frames of the animation are at least so far apart. */
const STEP_MS = 120;
const PATIENCE_MS = 20_000;

const TASKS = `import { runContext, task } from 'bgtask';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const greet = task('greet', async (name: string) => \`Hello, \${name}!\`);

export const resize = task('resize', { retries: 1, retryDelay: '2s' }, async (file: string, width = 300) => {
  for (let done = 0; done <= 12; done++) {
    runContext().progress(done, 12, file);
    console.log('row', done * 40, 'of', 480);
    await pause(250);
    if (done === 5 && file.endsWith('.txt')) throw new TypeError(\`\${file} is not an image\`);
  }
  return { file, width };
});
`;

const folder = mkdtempSync(join(tmpdir(), 'bgtask-record-'));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules', 'bgtask'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
writeFileSync(join(folder, 'tasks.ts'), TASKS);
const bin = join(root, 'bin', 'run.js');
const outside = Object.entries(process.env).filter(([name]) => !/^(BGTASK_|CI$|NO_COLOR$|FORCE_COLOR$)/.test(name));
const env = {
  ...Object.fromEntries(outside),
  TERM: 'xterm-256color',
  BGTASK_HOME: join(folder, 'home'),
  BGTASK_PORT: '4200',
  BGTASK_NAME: 'laptop',
};

const emulator = new xterm.Terminal({ ...size, allowProposedApi: true });
const events = [];
const frames = [];
const began = performance.now();
const terminal = spawn(process.execPath, [bin, 'dev', 'tasks.ts', '--name', 'laptop'], { ...size, cwd: folder, env });
terminal.onData((text) => {
  events.push([(performance.now() - began) / 1_000, 'o', text]);
  emulator.write(text, look);
});
const ended = new Promise((resolve) => terminal.onExit(resolve));

/** Takes the screen as a frame of the animation, or in place of one that was hardly seen. */
function look() {
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
const submit = (...args) =>
  spawn(process.execPath, [bin, 'task', 'run', ...args], { cwd: folder, env: { ...env, BGTASK_API_URL: 'http://127.0.0.1:4200' } });
const type = async (keys, ms = 900) => {
  for (const key of keys) {
    terminal.write(key);
    await sleep(ms);
  }
};

try {
  await shows(/ready/);
  await sleep(1_000);
  submit('greet', 'Agrajag');
  await sleep(700);
  submit('resize', 'kitten.png');
  await sleep(600);
  submit('resize', 'notes.txt', '640');
  await shows(/resize.*\n.*resize/);
  submit('greet', 'Slartibartfast', '--delay', '5m');
  await shows(/AwaitingRetry/);
  await type(['j', '\r'], 1_500);
  await shows(/✗ Failed/);
  await sleep(1_500);
  await type(['G', '\x1b', '/', 'g', 'r', 'e', 'e', 't'], 500);
  await sleep(1_200);
  await type(['\x1b', 'g', 'c', 'y'], 1_000);
  await shows(/Cancelled/);
  await sleep(1_500);
  await type(['q'], 0);
  await ended;
} finally {
  terminal.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

mkdirSync(dirname(target), { recursive: true });
const head = { version: 2, width: size.cols, height: size.rows, title: 'bgtask dev tasks.ts' };
writeFileSync(`${target}.cast`, `${[head, ...events].map((line) => JSON.stringify(line)).join('\n')}\n`);
const alternate = frames.filter(({ cells }) => cells[0].some(({ text }) => text.trim() !== ''));
writeFileSync(`${target}.svg`, animation(alternate, { columns: size.cols, rows: size.rows }));
console.log(`${target}.cast, ${target}.svg: ${alternate.length} frames`);
