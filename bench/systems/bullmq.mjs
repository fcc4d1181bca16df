/**
 * BullMQ with a Redis of its own, where `redis-server` is installed. BullMQ is no dependency: it is installed into a folder beside the
 * system's other temporary files, once, when it is first measured.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { start } from './processes.mjs';

/** The newest that runs on Node 20. */
const VERSION = '6.7.0';
/** BullMQ 6 wants its way to Redis beside it. */
const REDIS_CLIENT = 'ioredis@5';
const FOLDER = join(tmpdir(), `bgtask-bench-bullmq-${VERSION}`);
const WORKER = fileURLToPath(new URL('./bullmq.worker.mjs', import.meta.url));
const QUEUE = 'bench';
const POLL_MS = 10;
const PAGE = 1_000;

/** Why it cannot be measured here; null where it can. */
export function missing() {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'redis-server is not installed';
  }
  try {
    install();
    return null;
  } catch (error) {
    return `bullmq ${VERSION} could not be installed: ${String(error.message).split('\n', 1)[0]}`;
  }
}

function install() {
  if (['bullmq', 'ioredis'].every((name) => existsSync(join(FOLDER, 'node_modules', name, 'package.json')))) return;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'package.json'), '{"private":true}');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', `bullmq@${VERSION}`, REDIS_CLIENT], {
    cwd: FOLDER,
    stdio: 'ignore',
  });
}

export async function load() {
  const { createRequire } = await import('node:module');
  const entry = createRequire(pathToFileURL(join(FOLDER, 'package.json'))).resolve('bullmq');
  const bullmq = await import(pathToFileURL(entry).href);
  return bullmq.default ?? bullmq;
}

export async function open(folder, appendfsync) {
  const port = await freePort();
  const options = [
    '--appendonly',
    'yes',
    '--appendfsync',
    appendfsync,
    '--save',
    '',
    '--bind',
    '127.0.0.1',
    '--maxmemory-policy',
    'noeviction',
  ];
  const server = start('redis-server', ['--port', String(port), '--dir', folder, ...options]);
  await server.says(/Ready to accept connections/);
  return {
    where: { port },
    async startWorker(slots) {
      const worker = start(process.execPath, [WORKER, String(port), String(slots)]);
      await worker.says(/\bready\b/);
      return worker;
    },
    stop: () => server.stop(),
  };
}

export async function connect({ port }) {
  const { Queue, QueueEvents } = await load();
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  return {
    one: () => queue.add('noop', {}),
    many: (count) => queue.addBulk(Array.from({ length: count }, () => ({ name: 'noop', data: {} }))),
    stamp: async () => (await queue.add('stamp', {})).waitUntilFinished(events),
    async allDone(count) {
      while ((await queue.getJobCountByTypes('completed')) < count) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    },
    times: () => times(queue),
    async close() {
      await Promise.all([queue.close(), events.close()]);
    },
  };
}

async function times(queue) {
  const found = { firstStart: Number.POSITIVE_INFINITY, lastEnd: 0, count: 0 };
  for (let from = 0; ; from += PAGE) {
    const jobs = await queue.getCompleted(from, from + PAGE - 1);
    if (jobs.length === 0) return found;
    for (const { processedOn, finishedOn } of jobs) {
      found.firstStart = Math.min(found.firstStart, processedOn);
      found.lastEnd = Math.max(found.lastEnd, finishedOn);
      found.count += 1;
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
