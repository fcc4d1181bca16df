/** `GET /metrics`: the text format that Prometheus reads. Pure. */
import type { RunCounts, TaskView, WorkerView } from '../core/api.ts';

export interface Measured {
  readonly counts: RunCounts;
  readonly workers: readonly WorkerView[];
  readonly tasks: readonly TaskView[];
  readonly uptimeS: number;
}

export function metricsText({ counts, workers, tasks, uptimeS }: Measured): string {
  const total = (of: (worker: WorkerView) => number) => [sample({}, sum(workers.map(of)))];
  return [
    family(
      'bgtask_runs',
      'Runs kept, by state.',
      Object.entries(counts).map(([state, count]) => sample({ state }, count)),
    ),
    family('bgtask_workers', 'Connected workers.', [sample({}, workers.length)]),
    family(
      'bgtask_slots',
      'Room for runs at all workers.',
      total((worker) => worker.slots),
    ),
    family(
      'bgtask_slots_used',
      'Runs that workers hold.',
      total((worker) => worker.used),
    ),
    family(
      'bgtask_task_queued',
      'Waiting runs, by task.',
      tasks.map(({ name, queued }) => sample({ task: name }, queued)),
    ),
    family(
      'bgtask_task_running',
      'Active runs, by task.',
      tasks.map(({ name, running }) => sample({ task: name }, running)),
    ),
    family(
      'bgtask_task_workers',
      'Workers that have the task.',
      tasks.map(({ name, workers: count }) => sample({ task: name }, count)),
    ),
    family('bgtask_uptime_seconds', 'Time since the server started.', [sample({}, Math.round(uptimeS))]),
  ].join('');
}

type Sample = string;

function sample(labels: Readonly<Record<string, string>>, value: number): Sample {
  const text = Object.entries(labels).map(
    ([name, label]) => `${name}="${label.replaceAll(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
  );
  return `${text.length > 0 ? `{${text.join(',')}}` : ''} ${value}\n`;
}

function family(name: string, help: string, samples: readonly Sample[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.map((one) => name + one).join('')}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
