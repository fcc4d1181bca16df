import { describe, expect, test, vi } from 'vitest';
import type { RunView } from '../../src/core/api.ts';
import { Opened } from '../../src/tui/opened.ts';
import { aRunning, aRunView, FakeClient, iso, NOON } from '../helpers/fake-client.ts';

const history = [{ state: 'RUNNING', name: 'Running', at: iso(NOON), attempt: 1, reason: null }] as const;
const running = aRunning({ id: 'run' });
const log = (text: string) => ({ at: iso(NOON), level: 'info', text, attempt: 1 }) as const;

function opened(client: FakeClient, seed: RunView | null = running) {
  const on = { changed: vi.fn(), failed: vi.fn() };
  return { run: new Opened(client, 'run', seed, on), on };
}
/** What was asked is answered by then. */
const answered = () => new Promise(setImmediate);

describe('an open run', () => {
  test('shows what the list knows at once, and its history when that has come', async () => {
    const client = new FakeClient();
    client.runs.set('run', { ...running, history });
    const { run } = opened(client);
    expect(run.run).toBe(running);
    await answered();
    expect(run.run?.history).toEqual(history);
  });

  test('takes a newer state that was pushed while the history was read', async () => {
    const client = new FakeClient();
    client.runs.set('run', { ...running, history });
    const { run } = opened(client);
    client.tell('run', { type: 'run', run: aRunView({ id: 'run' }) });
    await answered();
    expect(run.run).toMatchObject({ state: 'COMPLETED', history });
  });

  test('has the stored lines before the pushed ones', async () => {
    const client = new FakeClient();
    client.logs.set('run', [log('stored'), log('both')]);
    const { run } = opened(client);
    client.tell('run', { type: 'log', lines: [log('both'), log('pushed')] });
    await answered();
    expect(run.logs.lines.map((line) => line.text)).toEqual(['stored', 'both', 'pushed']);
  });

  test('reads the lines again at its end, when they are complete, and after an outage', async () => {
    const client = new FakeClient();
    opened(client);
    await answered();
    const asked = () => client.requests.filter((request) => request === 'GET /runs/run/logs').length;
    expect(asked()).toBe(1);
    client.tell('run', { type: 'run', run: aRunView({ id: 'run' }) });
    expect(asked()).toBe(2);
    client.tell('run', { type: 'resync' });
    expect(asked()).toBe(3);
  });

  test('that nobody knows says so', async () => {
    const client = new FakeClient();
    const { run } = opened(client, null);
    client.tell('run', { type: 'unknown' });
    await answered();
    expect(run.unknown).toBe(true);
  });

  test('that was removed keeps what is known of it', async () => {
    const client = new FakeClient();
    const { run } = opened(client);
    await answered();
    expect(run.unknown).toBe(false);
    expect(run.run).toBe(running);
  });

  test('tells why it cannot be read', async () => {
    const client = new FakeClient();
    client.failure = new Error('No server.');
    const { on } = opened(client);
    await answered();
    expect(on.failed).toHaveBeenCalledWith(client.failure);
  });

  test('hears and tells nothing after it was closed', async () => {
    const client = new FakeClient();
    const { run, on } = opened(client);
    run.close();
    await answered();
    expect(client.isWatching).toBe(false);
    expect(on.changed).not.toHaveBeenCalled();
  });
});
