/** Workers as a person reads them. */
import type { Client } from '../client/client.ts';
import type { WorkerView } from '../core/api.ts';
import { formatTable } from './table.ts';
import { relativeTime } from './text.ts';

export interface PausedWorkers {
  readonly name: string;
  readonly paused: boolean;
  /** How many of that name are connected now. */
  readonly workers: number;
}

/** Pauses the workers of a name, or lets them go on. */
export async function pauseWorkers(client: Client, name: string, paused: boolean): Promise<PausedWorkers> {
  return await client.request<PausedWorkers>('POST', `/workers/${encodeURIComponent(name)}/${paused ? 'pause' : 'resume'}`);
}

export function workerTable(workers: readonly WorkerView[], now: number): string {
  return formatTable<WorkerView>(
    [
      { title: 'NAME', cell: (worker) => worker.name, least: 8 },
      { title: 'PID', cell: (worker) => String(worker.pid), side: 'right' },
      { title: 'HOST', cell: (worker) => worker.host, least: 8, optional: true },
      { title: 'SLOTS', cell: (worker) => `${worker.used}/${worker.slots}`, side: 'right' },
      { title: 'GEN', cell: (worker) => String(worker.generation), side: 'right', optional: true },
      {
        title: 'SEEN',
        cell: (worker) => `${relativeTime(worker.lastSeenAt, now)}${worker.paused ? ', takes no more' : ''}`,
      },
      { title: 'TASKS', cell: (worker) => worker.tasks.join(', '), least: 12 },
    ],
    workers,
  );
}
