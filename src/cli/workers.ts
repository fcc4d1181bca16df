/** Workers as a person reads them. */
import type { WorkerView } from '../core/api.ts';
import { formatTable } from './table.ts';
import { relativeTime } from './text.ts';

export function workerTable(workers: readonly WorkerView[], now: number): string {
  return formatTable<WorkerView>(
    [
      { title: 'NAME', cell: (worker) => worker.name, least: 8 },
      { title: 'PID', cell: (worker) => String(worker.pid), side: 'right' },
      { title: 'HOST', cell: (worker) => worker.host, least: 8, optional: true },
      { title: 'SLOTS', cell: (worker) => `${worker.used}/${worker.slots}`, side: 'right' },
      { title: 'GEN', cell: (worker) => String(worker.generation), side: 'right', optional: true },
      { title: 'SEEN', cell: (worker) => `${relativeTime(worker.lastSeenAt, now)}${worker.paused ? ', draining' : ''}` },
      { title: 'TASKS', cell: (worker) => worker.tasks.join(', '), least: 12 },
    ],
    workers,
  );
}
