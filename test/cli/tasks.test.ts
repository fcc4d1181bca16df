import { describe, expect, test } from 'vitest';
import { pauseTask, resumeTask } from '../../src/cli/tasks.ts';
import type { Client } from '../../src/client/client.ts';
import type { TaskView } from '../../src/core/api.ts';

const idle = { workers: 0, queued: 0, running: 0, paused: false };

/** What is said about an order for `name` where the server knows `tasks`. */
async function said(order: typeof pauseTask, name: string, ...tasks: TaskView[]): Promise<string[]> {
  const lines: string[] = [];
  const request = async (method: string) => (method === 'GET' ? tasks : { name, paused: order === pauseTask });
  await order({ request } as unknown as Client, name, (line) => lines.push(line));
  return lines;
}

describe('a task that is paused', () => {
  test.each(['workers', 'queued', 'running'])('is known where it has %s', async (what) => {
    expect(await said(pauseTask, 'a', { name: 'a', ...idle, [what]: 1 })).toEqual(['Paused a. Go on: bgtask task resume a']);
  });

  test('is not, where it is only paused', async () => {
    expect((await said(pauseTask, 'a', { name: 'a', ...idle, paused: true }))[0]).toContain('No connected worker serves a');
  });
});

describe('a task that is resumed', () => {
  test('was paused, or is told not to have been', async () => {
    expect(await said(resumeTask, 'a', { name: 'a', ...idle, paused: true })).toEqual(['Runs of a are handed out again.']);
    expect(await said(resumeTask, 'b', { name: 'a', ...idle, paused: true })).toEqual(['b was not paused. Paused: a']);
    expect(await said(resumeTask, 'b')).toEqual(['b was not paused.']);
  });
});
