/** The text that Prometheus reads. */
import { expect, test } from 'vitest';
import type { WorkerView } from '../../src/core/api.ts';
import { metricsText } from '../../src/server/metrics.ts';

const counts = { SCHEDULED: 3, PENDING: 0, RUNNING: 1, CANCELLING: 0, COMPLETED: 9, FAILED: 0, CRASHED: 0, CANCELLED: 0, EXPIRED: 0 };
const worker = (slots: number, used: number) => ({ slots, used }) as WorkerView;

test('every family has its help, its type and its samples', () => {
  const tasks = [{ name: 'a"b\\c', workers: 1, queued: 2, running: 0, paused: false }];
  const text = metricsText({ counts, workers: [worker(10, 1), worker(5, 0)], tasks, uptimeS: 12.6 });
  expect(text).toContain('# HELP bgtask_runs Runs kept, by state.\n# TYPE bgtask_runs gauge\nbgtask_runs{state="SCHEDULED"} 3\n');
  expect(text).toContain('\nbgtask_workers 2\n');
  expect(text).toContain('\nbgtask_slots 15\n');
  expect(text).toContain('\nbgtask_slots_used 1\n');
  expect(text).toContain('bgtask_task_queued{task="a\\"b\\\\c"} 2\n');
  expect(text).toContain('bgtask_uptime_seconds 13\n');
});

test('every line has the form that is read', () => {
  const text = metricsText({ counts, workers: [], tasks: [], uptimeS: 0 });
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"\})? \d+)$/);
});
