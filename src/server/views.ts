/** Workers and tasks as the API shows them. Pure. */
import type { TaskView, WorkerView } from '../core/api.ts';
import { type Holder, usedSlots } from './roster.ts';

export function workerViews(holders: readonly Holder[], paused: ReadonlySet<string> = new Set()): WorkerView[] {
  const views: WorkerView[] = [];
  for (const holder of holders) {
    const { id, name, process, names, slots, generation, draining, lastSeenAt } = holder;
    if (process === null) continue; // a caller, or a worker known only from its leases
    const seen = { paused: draining || paused.has(name), lastSeenAt: new Date(lastSeenAt).toISOString() };
    const room = { tasks: [...names].sort(), slots, used: usedSlots(holder), generation };
    views.push({ id, name, pid: process.pid, host: process.host, ...room, ...seen });
  }
  return views;
}

/** Every task that a connected worker has or that has runs waiting or active, by name. */
export function taskViews(holders: readonly Holder[], queued: readonly Omit<TaskView, 'workers'>[]): TaskView[] {
  const byName = new Map<string, TaskView>(queued.map((task) => [task.name, { ...task, workers: 0 }]));
  for (const holder of holders) {
    for (const name of holder.link === null ? [] : holder.names) {
      const known = byName.get(name) ?? { name, queued: 0, running: 0, paused: false, workers: 0 };
      byName.set(name, { ...known, workers: known.workers + 1 });
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Tasks whose runs wait for a worker that has them. */
export function orphansOf(holders: readonly Holder[], queued: readonly Omit<TaskView, 'workers'>[]): Pick<TaskView, 'name' | 'queued'>[] {
  const orphans = taskViews(holders, queued).filter((task) => task.queued > 0 && task.workers === 0);
  return orphans.map(({ name, queued: count }) => ({ name, queued: count }));
}
