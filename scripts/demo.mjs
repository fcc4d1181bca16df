// `npm run demo`: a server with a store of its own, a worker, and a dozen runs, live; nothing is left behind. Exit 0 when every run completed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bgtask-demo-'));
const bgtask = (...args) => [process.execPath, join(root, 'bin', 'run.js'), ...args];
const LIMIT_MS = 55_000;
/** How long the viewer stays when all is done. */
const LAST_LOOK_MS = 2_500;
const watched = process.stdin.isTTY && process.stdout.isTTY && !process.env.CI;
const started = [];
const env = { BGTASK_HOME: folder, BGTASK_API_URL: '', BGTASK_API_KEY: '', BGTASK_PROFILE: '', BGTASK_STORE: '' };

function start(name, [command, ...args], { stdio = ['ignore', 'pipe', 'pipe'], more = {} } = {}) {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env, ...more }, stdio });
  const one = { name, child, told: '', heard: () => {}, ended: once(child, 'close').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      one.told += text;
      one.heard();
    });
  }
  started.push(one);
  return one;
}

/** Resolves with the match once the process says it; rejects where it ended first. */
function says(one, pattern) {
  return new Promise((resolve, reject) => {
    one.heard = () => {
      const match = pattern.exec(one.told);
      if (match) resolve(match);
    };
    one.heard();
    one.ended.then(() => reject(new Error(`The ${one.name} ended before it was up.`)));
  });
}

async function stop(one) {
  if (one.child.exitCode !== null || one.child.signalCode !== null) return;
  one.child.kill('SIGTERM');
  const late = setTimeout(() => one.child.kill('SIGKILL'), 8_000);
  await one.ended;
  clearTimeout(late);
}

async function cleanUp() {
  for (const one of started.toReversed()) await stop(one);
  rmSync(folder, { recursive: true, force: true });
}

/** Counts of the server by state, as its API tells them. */
function counter(url) {
  const record = readdirSync(join(folder, 'servers')).find((name) => /^\d+\.json$/.test(name));
  const { tokenFile } = JSON.parse(readFileSync(join(folder, 'servers', record), 'utf8'));
  const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
  return async () => (await fetch(`${url}/api/runs/count`, { headers })).json();
}

/** Without a terminal: one line each time something changed, until the runs are done. */
async function tellChanges(url, done) {
  const counts = counter(url);
  let last = '';
  for (let over = false; ; ) {
    const now = Object.entries(await counts()).filter(([, count]) => count > 0);
    const line = now.map(([state, count]) => `${state} ${count}`).join('   ');
    if (line !== '' && line !== last) console.log(`  ${line}`);
    last = line;
    if (over) return;
    over = await Promise.race([done.then(() => true), new Promise((resolve) => setTimeout(resolve, 150, false))]);
  }
}

/** On a terminal: the run viewer, until somebody presses q, or a moment after the runs are done. */
async function showViewer(done) {
  const viewer = start('viewer', bgtask('task', 'ls'), { stdio: 'inherit', more: address });
  const over = done.then(() => new Promise((resolve) => setTimeout(resolve, LAST_LOOK_MS)));
  await Promise.race([viewer.ended, over]);
  await stop(viewer);
}

const address = {};

async function demo() {
  console.log('Starting a server …');
  const server = start('server', bgtask('server', 'start', '--port', '0', '--store', `file:${join(folder, 'store')}`));
  const [url] = await says(server, /http:\/\/127\.0\.0\.1:\d+/);
  address.BGTASK_API_URL = `${url}/api`;
  console.log(`  it keeps its runs in ${join(folder, 'store')} and answers at ${url}`);

  console.log('Starting a worker on examples/02-worker/tasks.ts …');
  const worker = start('worker', bgtask('task', 'serve', 'examples/02-worker/tasks.ts', '--no-watch'), { more: address });
  await says(worker, /\bready\b/i);

  console.log('Handing off a dozen runs from another process …');
  const program = start('program that hands off', [process.execPath, '--import', 'tsx', 'scripts/demo-runs.mjs'], { more: address });
  await (watched ? showViewer(program.ended) : tellChanges(url, program.ended));
  if ((await program.ended) !== 0) throw new Error('The program that hands off failed.');
  console.log(program.told.trimEnd());

  const counts = await counter(url)();
  const unfinished = Object.entries(counts).filter(([state, count]) => state !== 'COMPLETED' && count > 0);
  if (unfinished.length > 0)
    throw new Error(`Not every run completed: ${unfinished.map(([state, count]) => `${state} ${count}`).join(', ')}`);
  return counts.COMPLETED;
}

function explain(error) {
  console.error(`\nThe demo failed: ${error.message}`);
  for (const { name, told } of started) if (told.trim() !== '') console.error(`\n── what the ${name} said\n${told.trimEnd()}`);
}

async function main() {
  let late;
  const limit = new Promise((_resolve, reject) => {
    late = setTimeout(() => reject(new Error(`It took longer than ${LIMIT_MS / 1_000} s.`)), LIMIT_MS);
  });
  const interrupted = once(process, 'SIGINT').then(() => Promise.reject(new Error('Interrupted.')));
  try {
    const completed = await Promise.race([demo(), limit, interrupted]);
    await cleanUp();
    console.log(`All ${completed} runs completed. Server and worker are stopped, nothing is left behind.`);
    console.log('Next: examples/02-worker/README.md');
    return 0;
  } catch (error) {
    explain(error);
    await cleanUp();
    return 1;
  } finally {
    clearTimeout(late);
  }
}

process.exit(await main());
