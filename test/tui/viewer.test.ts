import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UnauthorizedError } from '../../src/core/errors.ts';
import { FRAME_MS, Viewer, type ViewerOptions } from '../../src/tui/viewer.ts';
import { aRunning, aRunView, FakeClient, iso, NOON, someRuns } from '../helpers/fake-client.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: NOON + 5_250 });
});
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
});

function aViewer(over: Partial<ViewerOptions> = {}) {
  const client = new FakeClient();
  const viewer = new Viewer({ client, filter: {}, limit: 100, columns: 80, rows: 24, ...over });
  const drawn = vi.fn();
  viewer.subscribe(drawn);
  viewer.start();
  stops.push(() => viewer.stop());
  return { client, viewer, drawn };
}
/** What was said is drawn by then; keys act on what is seen. */
const frame = () => vi.advanceTimersByTimeAsync(FRAME_MS);

describe('frames', () => {
  test('gather what arrives, so that a flood costs no more than a trickle', async () => {
    const { client, drawn, viewer } = aViewer();
    client.snapshot(someRuns(10));
    await frame();
    drawn.mockClear();
    for (let at = 0; at < 100; at++) client.change([aRunView({ id: `run-${at}`, createdAt: iso(NOON + 1_000 + at) })]);
    await frame();
    expect(drawn.mock.calls.length).toBeLessThanOrEqual(2);
    expect(viewer.shown().runs[0]?.id).toBe('run-99');
  });

  test('come at once for a key', () => {
    const { viewer, drawn } = aViewer();
    viewer.keys(['?']);
    expect(drawn).toHaveBeenCalledTimes(1);
  });

  test('come by themselves only while an open run is on the screen', async () => {
    const { client, drawn } = aViewer();
    client.snapshot([aRunning()]);
    await vi.advanceTimersByTimeAsync(100);
    drawn.mockClear();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(drawn).toHaveBeenCalledTimes(10);
    client.change([aRunView()]);
    await frame();
    drawn.mockClear();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(drawn).not.toHaveBeenCalled();
  });

  test('say what is served where there are no runs yet, also when a worker came later', async () => {
    let notice = (_line: string): void => {};
    const { client, viewer } = aViewer({
      notices: (show) => {
        notice = show;
        return () => {};
      },
    });
    client.snapshot([]);
    await frame();
    expect(viewer.shown().served).toEqual([]);
    const idle = { queued: 0, running: 0, paused: false };
    client.tasks = [
      { name: 'greet', workers: 1, ...idle },
      { name: 'old', workers: 0, ...idle },
    ];
    notice('ready');
    await frame();
    expect(viewer.shown().served).toEqual(['greet']);
    client.change([aRunView()]);
    client.requests.length = 0;
    notice('completed');
    await frame();
    expect(client.requests).toEqual([]);
  });

  test('show the terminal as large as it is', () => {
    const { viewer } = aViewer();
    viewer.resize(120, 40);
    expect(viewer.shown()).toMatchObject({ screen: { columns: 120, rows: 40 }, listHeight: 35 });
  });
});

describe('the list', () => {
  test('asks for what the command asked for', () => {
    const { client } = aViewer({ filter: { task: 'greet' }, limit: 7 });
    expect(client.follows).toEqual([{ filter: { task: 'greet' }, limit: 7, ended: false }]);
  });

  test('by state asks the server, and shows what it has until the answer', async () => {
    const { client, viewer } = aViewer({ filter: { task: 'greet' } });
    client.snapshot([aRunView({ id: 'good' }), aRunView({ id: 'bad', state: 'FAILED' })]);
    await frame();
    viewer.keys(['S', 'S']);
    expect(client.follows.map(({ filter, ended }) => [filter.state, ended])).toEqual([
      [undefined, true],
      [['CANCELLED', 'EXPIRED'], true],
      [['FAILED', 'CRASHED'], false],
    ]);
    expect(viewer.shown()).toMatchObject({ runs: [{ id: 'bad' }], loading: true });
    client.snapshot([aRunView({ id: 'old', state: 'FAILED' })]);
    await frame();
    expect(viewer.shown()).toMatchObject({ runs: [{ id: 'old' }], loading: false });
  });

  test('a text is asked of the server once it is typed, so that older runs are found too', async () => {
    const { client, viewer } = aViewer({ limit: 7 });
    client.snapshot(someRuns(2));
    viewer.keys(['/', 'o', 'l', 'd']);
    expect(client.follows).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(client.follows.map(({ filter, ended }) => [filter.text, ended])).toEqual([
      [undefined, true],
      ['old', false],
    ]);
    client.snapshot([aRunView({ id: 'run-old' })]);
    await frame();
    expect(viewer.shown().runs.map(({ id }) => id)).toEqual(['run-old']);
    viewer.keys(['enter', 'escape']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(client.follows.at(-1)?.filter.text).toBeUndefined();
  });

  test('stays while the connection is lost', async () => {
    const { client, viewer } = aViewer();
    client.snapshot(someRuns(3));
    client.say({ type: 'down' });
    await frame();
    expect(viewer.shown()).toMatchObject({ view: { connection: { state: 'lost' } }, runs: { length: 3 } });
  });
});

describe('a server that does not let us in', () => {
  test('is asked once why, and that is forgotten when it does', async () => {
    const { client, viewer } = aViewer();
    client.failure = new UnauthorizedError('http://127.0.0.1:4200');
    for (let tries = 0; tries < 5; tries++) client.say({ type: 'down' });
    await frame();
    expect(client.requests).toEqual(['GET /version']);
    expect(viewer.shown().trouble).toBe(client.failure);
    client.snapshot([]);
    await frame();
    expect(viewer.shown().trouble).toBeNull();
  });
});

describe('an order', () => {
  test('is given to the client, and its outcome told', async () => {
    const { client, viewer } = aViewer();
    client.snapshot([aRunning({ id: 'run', name: 'Greet Ada' })]);
    await frame();
    client.runs.set('run', aRunning({ id: 'run', state: 'CANCELLING' }));
    viewer.keys(['c']);
    viewer.keys(['y']);
    await frame();
    expect(client.cancelled).toEqual(['run']);
    expect(viewer.shown().screen.message).toBe('Asked greet “Greet Ada” to stop');
  });

  test('that failed says why', async () => {
    const { client, viewer } = aViewer();
    client.snapshot([aRunning({ id: 'run' })]);
    await frame();
    client.runs.clear();
    viewer.keys(['c']);
    viewer.keys(['y']);
    await frame();
    expect(viewer.shown().screen.message).toBe('Could not cancel greet run: No bgtask server answers at http://127.0.0.1:4200.');
  });

  test('to run again names the new run', async () => {
    const { client, viewer } = aViewer();
    client.snapshot([aRunView({ id: 'run' })]);
    await frame();
    viewer.keys(['r']);
    viewer.keys(['y']);
    await frame();
    expect(client.retried).toEqual(['run']);
    expect(viewer.shown().screen.message).toBe('greet run runs again as again');
  });

  test('is not given by a y that came in one piece with its question, as pasted text does', async () => {
    const { client, viewer } = aViewer();
    client.snapshot([aRunning({ id: 'run' })]);
    await frame();
    viewer.keys(['c', 'y']);
    await frame();
    expect(client.cancelled).toEqual([]);
    expect(viewer.shown().screen.asking).not.toBeNull();
  });
});

describe('the details', () => {
  test('watch their run while they are open, and no longer', async () => {
    const { client, viewer } = aViewer();
    client.snapshot(someRuns(3));
    await frame();
    viewer.keys(['j', 'enter']);
    expect(client.watched).toEqual([viewer.shown().runs[1]?.id]);
    expect(viewer.shown().opened?.run).toBe(viewer.shown().runs[1]);
    viewer.keys(['n']);
    expect(client.watched).toHaveLength(2);
    viewer.keys(['escape']);
    expect(client.isWatching).toBe(false);
    expect(viewer.shown().opened).toBeNull();
  });

  test('read again what they missed when the connection is back', async () => {
    const { client, viewer } = aViewer();
    client.snapshot([aRunning({ id: 'run' })]);
    await frame();
    viewer.keys(['enter']);
    await frame();
    client.requests.length = 0;
    client.tell('run', { type: 'resync' });
    expect(client.requests).toEqual(['GET /runs/run/logs']);
  });
});

describe('the end', () => {
  test('is asked for by q', async () => {
    const { viewer } = aViewer();
    viewer.keys(['q']);
    await expect(viewer.quitted).resolves.toBeUndefined();
  });

  test('lets go of the client and leaves no timer', async () => {
    const stopped = vi.fn();
    const { client, viewer } = aViewer({ notices: () => stopped });
    client.snapshot([aRunning()]);
    await frame();
    viewer.keys(['enter']);
    viewer.stop();
    viewer.stop();
    await viewer.quitted;
    expect(client.follows.every((follow) => follow.ended)).toBe(true);
    expect(client.isWatching).toBe(false);
    expect(stopped).toHaveBeenCalled();
    await frame();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('notices are shown as they come', async () => {
  let show: (line: string) => void = () => {};
  const notices = (listener: typeof show) => {
    show = listener;
    return () => {};
  };
  const { viewer } = aViewer({ notices });
  show('tasks.ts\nreloaded\x1b[2J');
  await frame();
  expect(viewer.shown().notice).toBe('tasks.ts reloaded\\x1b[2J');
});
