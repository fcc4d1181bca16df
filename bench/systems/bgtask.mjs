/** bgtask as a user runs it: the built command line, a durable file store, one worker process with its child. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './processes.mjs';

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const TASKS = fileURLToPath(new URL('./bgtask.tasks.mjs', import.meta.url));
const POLL_MS = 100;
const PAGE = 1_000;

export async function open(folder) {
  const env = { BGTASK_HOME: folder, BGTASK_API_URL: '', BGTASK_API_KEY: '', BGTASK_PROFILE: '' };
  const store = `file:${join(folder, 'store')}`;
  const server = start(process.execPath, [RUN, 'server', 'start', '--port', '0', '--store', store], { env });
  const [url] = await server.says(/http:\/\/127\.0\.0\.1:\d+/);
  const where = { BGTASK_HOME: folder, BGTASK_API_URL: `${url}/api` };
  return {
    where,
    async startWorker(slots) {
      const args = [RUN, 'task', 'serve', TASKS, '--limit', String(slots), '--no-watch'];
      const worker = start(process.execPath, args, { env: { ...env, ...where } });
      await worker.says(/\bready\b/i);
      return worker;
    },
    stop: () => server.stop(),
  };
}

export async function connect(where) {
  Object.assign(process.env, where);
  const { noop, stamp } = await import('./bgtask.tasks.mjs');
  const ask = asker(where);
  return {
    one: () => noop.delay(),
    many: (count) => noop.delayMany(Array.from({ length: count }, () => [])),
    stamp: async () => (await stamp.delay()).result(),
    async allDone(count) {
      while ((await ask('/runs/count')).COMPLETED < count) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    },
    times: () => times(ask),
    async close() {},
  };
}

function asker({ BGTASK_HOME, BGTASK_API_URL }) {
  const folder = join(BGTASK_HOME, 'servers');
  const record = readdirSync(folder).find((name) => /^\d+\.json$/.test(name));
  const { tokenFile } = JSON.parse(readFileSync(join(folder, record), 'utf8'));
  const headers = { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
  return async (path) => {
    const answer = await fetch(BGTASK_API_URL + path, { headers });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}

async function times(ask) {
  const found = { firstStart: Number.POSITIVE_INFINITY, lastEnd: 0, count: 0 };
  for (let cursor = ''; cursor !== null; ) {
    const page = await ask(`/runs?state=COMPLETED&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const { startedAt, endedAt } of page.runs) {
      found.firstStart = Math.min(found.firstStart, Date.parse(startedAt));
      found.lastEnd = Math.max(found.lastEnd, Date.parse(endedAt));
      found.count += 1;
    }
    cursor = page.nextCursor;
  }
  return found;
}
