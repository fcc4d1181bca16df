/** The running server as others see it: asked over its API, and stopped by the process id it tells itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import type { Settings } from '../config/config.ts';
import { isAlive, readServerRecord } from '../config/servers.ts';
import type { ServerStatus } from '../core/api.ts';
import { ServerUnreachableError } from '../core/errors.ts';
import { RUN_STATES } from '../core/run.ts';
import { oneLine } from '../core/text.ts';
import { COLOURS, paint, relativeTime } from './text.ts';
import { NotInTimeError } from './usage.ts';

/** Longer than a server may take to stop. */
const STOP_MS = 10_000;
const LOOK_MS = 25;
const LABEL = 12;

export async function statusOf(client: Client): Promise<ServerStatus> {
  const { url, pid, store, version, durability, startedAt, counts } = await client.request<ServerStatus>('GET', '/status');
  return { url, pid, store, version, durability, startedAt, counts };
}

export function statusPage({ url, pid, store, version, durability, startedAt, counts }: ServerStatus): string {
  const states = RUN_STATES.filter((state) => counts[state] > 0);
  const runs = states.map((state) => `${counts[state]} ${paint(COLOURS[state], state)}`).join(', ');
  const lines: [label: string, text: string][] = [
    ['Server', oneLine(url)],
    ['Version', oneLine(version)],
    ['Pid', String(pid)],
    ['Store', `${oneLine(store)} (${durability})`],
    ['Started', `${startedAt}  (${relativeTime(startedAt, Date.now())})`],
    ['Runs', runs || 'none yet. Submit one: bgtask task run TASK [ARG…]'],
  ];
  return lines.map(([label, text]) => `${paint('dim', label.padEnd(LABEL))}${text}`).join('\n');
}

/**
 * The server of our record, if it says itself that it is that process: the pid of a record may belong to another program by now.
 * @throws {ServerUnreachableError} No server of ours runs there.
 * @throws {NotInTimeError} It does not answer, or is another one.
 */
export async function runningServer(settings: Settings, client: Client): Promise<{ url: string; pid: number }> {
  const record = readServerRecord(settings.home, settings.apiUrl);
  if (!record) throw new ServerUnreachableError(settings.apiUrl);
  const { url, pid } = await asked(client, record.pid);
  if (pid !== record.pid)
    throw new NotInTimeError(`The server at ${url} is process ${pid} of some other machine; here it should be ${record.pid}.`);
  return { url, pid };
}

/** @throws {NotInTimeError} It lives on. Else as `runningServer`. */
export async function stopServer(settings: Settings, client: Client): Promise<{ url: string; pid: number }> {
  const { url, pid } = await runningServer(settings, client);
  process.kill(pid, 'SIGTERM');
  const until = performance.now() + STOP_MS;
  while (isAlive(pid)) {
    if (performance.now() > until)
      throw new NotInTimeError(`The server (pid ${pid}) did not stop in ${STOP_MS / 1_000} s.`, [`kill -9 ${pid}`]);
    await sleep(LOOK_MS);
  }
  return { url, pid };
}

async function asked(client: Client, pid: number): Promise<ServerStatus> {
  try {
    return await statusOf(client);
  } catch (error) {
    if (!(error instanceof ServerUnreachableError)) throw error;
    throw new NotInTimeError(`The server does not answer, but process ${pid} of its record lives.`, [
      `If that is the server: kill ${pid}`,
      'It loses nothing that it acknowledged',
    ]);
  }
}
