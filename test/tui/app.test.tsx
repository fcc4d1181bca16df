import { cleanup, render } from 'ink-testing-library';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { App, runViewer, wantsColours } from '../../src/tui/app.tsx';
import { Viewer } from '../../src/tui/viewer.ts';
import { aRunning, FakeClient, iso, NOON, someRuns } from '../helpers/fake-client.ts';
import { FakeTerminal } from '../helpers/fake-terminal.ts';

afterEach(cleanup);

const UP = '\x1b[A';
const DOWN = '\x1b[B';
const PAGE_DOWN = '\x1b[6~';

/** A viewer of 50 runs in Ink's own test terminal. */
async function mounted() {
  const client = new FakeClient();
  const viewer = new Viewer({ client, filter: {}, limit: 100, columns: 80, rows: 24 });
  const { stdin, lastFrame, unmount } = render(<App viewer={viewer} />);
  viewer.start();
  client.snapshot([aRunning({ id: 'open', createdAt: iso(NOON + 60_000) }), ...someRuns(49)]);
  const shows = (text: string | RegExp) => vi.waitFor(() => expect(lastFrame()).toMatch(text));
  await shows('1 of 50');
  const press = async (...keys: string[]) => {
    for (const key of keys) {
      stdin.write(key);
      await new Promise(setImmediate);
    }
  };
  return { client, viewer, press, shows, lastFrame, unmount: () => [viewer.stop(), unmount()] };
}

describe('the keys', () => {
  test.each<[string, string[], string | RegExp]>([
    ['arrows move', [DOWN, DOWN, UP], '2 of 50'],
    ['fast typing moves as often', ['jjj'], '4 of 50'],
    ['a page moves by the height of the list', [PAGE_DOWN], '20 of 50'],
    ['Enter opens the details', ['j', '\r'], /Esc back/],
    ['Escape leads back', ['j', '\r', '\x1b'], '2 of 50'],
    ['/ filters while one types', ['/', '0047'], /\/0047 .* of \d/],
    ['s filters by state', ['s'], 'only active'],
    ['? opens the help', ['?'], 'any key closes'],
    ['c asks', ['c'], 'Cancel greet open? y/n'],
  ])('%s', async (_, keys, text) => {
    const { press, shows, unmount } = await mounted();
    await press(...keys);
    await shows(text);
    unmount();
  });

  test('q and Ctrl-C quit, Ctrl-C also in the middle of fast typing', async () => {
    for (const keys of ['q', '\x03', 'jj\x03']) {
      const { viewer, press, unmount } = await mounted();
      await press(keys);
      await viewer.quitted;
      unmount();
    }
  });
});

describe('what is pasted', () => {
  test('does nothing to the list, whatever keys it looks like', async () => {
    const { client, press, shows, unmount } = await mounted();
    await press('\x1b[200~jjcy\rq\x1b[201~', 'j');
    await shows('2 of 50');
    expect(client.cancelled).toEqual([]);
    unmount();
  });

  test('goes into the filter as text, in as many pieces as it comes', async () => {
    const { press, shows, unmount } = await mounted();
    await press('/', '\x1b[200~one', ' two\r', 'q\x1b[201~');
    await shows('/one two q');
    unmount();
  });

  test('without the marks of a paste gives no order', async () => {
    const { client, press, shows, unmount } = await mounted();
    await press('cy');
    await shows('Cancel greet open? y/n');
    expect(client.cancelled).toEqual([]);
    unmount();
  });
});

describe('runViewer', () => {
  function running(fake = new FakeTerminal()) {
    const client = new FakeClient();
    const { stdin, stdout } = fake;
    const ended = runViewer({ client, filter: {}, limit: 100, stdin, stdout, url: 'http://127.0.0.1:4200' });
    return { client, fake, ended };
  }

  test('takes the terminal, shows the runs, and gives it back on q', async () => {
    const { client, fake, ended } = running();
    client.snapshot(someRuns(3));
    const screen = await fake.shows('1 of 3');
    expect(screen[0]).toContain('http://127.0.0.1:4200');
    expect([fake.buffer, fake.isRaw]).toEqual(['alternate', true]);
    fake.type('q');
    await ended;
    await fake.screen();
    expect([fake.buffer, fake.isRaw]).toEqual(['normal', false]);
    expect(client.follows.every((follow) => follow.ended)).toBe(true);
  });

  test('follows the size of the terminal', async () => {
    const { client, fake, ended } = running();
    client.snapshot(someRuns(50));
    await fake.shows('1 of 50');
    fake.resize(120, 40);
    const large = await fake.shows('ARGUMENTS AND RESULT');
    expect(large[39]).toContain('quit');
    fake.resize(30, 6);
    await fake.shows('Terminal too small');
    fake.resize(80, 24);
    expect((await fake.shows('1 of 50'))[23]).toContain('quit');
    fake.type('q');
    await ended;
  });

  test('shows runs also where CI is set', async () => {
    vi.stubEnv('CI', 'true');
    const { client, fake, ended } = running();
    client.snapshot(someRuns(3));
    await fake.shows('1 of 3');
    fake.type('\x03');
    await ended;
    vi.unstubAllEnvs();
  });

  test('gives the terminal back when drawing fails, and says why', async () => {
    const { client, fake, ended } = running();
    const broken = { ...aRunning(), task: null as never };
    client.snapshot([broken]);
    await expect(ended).rejects.toThrow();
    await fake.screen();
    expect([fake.buffer, fake.isRaw]).toEqual(['normal', false]);
  });

  test('refuses what is no terminal', async () => {
    const fake = new FakeTerminal();
    Object.assign(fake.stdout, { isTTY: false });
    await expect(running(fake).ended).rejects.toThrow('needs a terminal');
    expect(fake.written).toBe('');
  });
});

test.each([
  [{}, true],
  [{ NO_COLOR: '1' }, false],
  [{ NO_COLOR: '' }, true],
  [{ TERM: 'dumb' }, false],
  [{ FORCE_COLOR: '0' }, false],
])('colours with %j: %s', (env, wanted) => {
  expect(wantsColours(env)).toBe(wanted);
});
