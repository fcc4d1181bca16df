import { describe, expect, test } from 'vitest';
import { emptyView } from '../../src/core/view.ts';
import { NO_LOGS } from '../../src/tui/logs.ts';
import { firstScreen } from '../../src/tui/screen.ts';
import { look, nextTickMs, sightOf, type World } from '../../src/tui/shown.ts';
import { SIGNS } from '../../src/tui/theme.ts';
import { aRunning, aRunView, NOON, someRuns } from '../helpers/fake-client.ts';

const NOW = NOON + 5_250;

function aWorld(over: Partial<World> = {}): World {
  const texts = { notice: null, trouble: null, served: [], title: 'bgtask', url: '', signs: SIGNS };
  return {
    view: emptyView(100, NOON),
    runs: someRuns(50).reverse(),
    filter: {},
    loading: false,
    opened: null,
    now: NOW,
    ...texts,
    ...over,
  };
}
const screen = firstScreen(80, 24);
const open = (run = aRunning()) => ({ opened: { run, unknown: false, logs: NO_LOGS } });
const details = { ...screen, details: { id: 'run', top: 0 } };

describe('what is shown', () => {
  test('leaves five rows of the terminal to what stands around the list', () => {
    expect(look(screen, aWorld()).listHeight).toBe(19);
  });

  test('of an open run is a window over its lines that never ends behind the last', () => {
    const many = { lines: Array.from({ length: 100 }, () => ({ at: '', level: 'info', text: 'x', attempt: 1 }) as const), dropped: 0 };
    const world = aWorld({ opened: { run: aRunView(), unknown: false, logs: many } });
    const end = look({ ...details, details: { id: 'run', top: 'end' } }, world);
    expect(end.top).toBe(end.lines.length - end.detailsHeight);
    expect(look({ ...details, details: { id: 'run', top: 10_000 } }, world).top).toBe(end.top);
  });

  test('is about the selected run in the list and the open one in the details', () => {
    const world = aWorld(open());
    expect(sightOf(look(screen, world)).run).toBe(world.runs[0]);
    expect(sightOf(look(details, world)).run).toBe(world.opened?.run);
    expect(sightOf(look(screen, aWorld({ runs: [] }))).run).toBeNull();
  });
});

describe('the next tick', () => {
  test('never comes while all runs on the screen have ended', () => {
    expect(nextTickMs(look(screen, aWorld()))).toBeNull();
    expect(nextTickMs(look(screen, aWorld({ runs: [] })))).toBeNull();
  });

  test('comes with the next change of an open run on the screen, not of one below it', () => {
    const running = aRunning();
    const ended = someRuns(50);
    expect(nextTickMs(look(screen, aWorld({ runs: [...ended.slice(0, 5), running] })))).toBe(750);
    expect(nextTickMs(look(screen, aWorld({ runs: [...ended, running] })))).toBeNull();
  });

  test('in the details is about the open run alone', () => {
    expect(nextTickMs(look(details, aWorld({ ...open(aRunView()), runs: [aRunning()] })))).toBeNull();
    expect(nextTickMs(look(details, aWorld(open())))).toBe(750);
  });

  test('waits while the help is open', () => {
    expect(nextTickMs(look({ ...screen, help: true }, aWorld({ runs: [aRunning()] })))).toBeNull();
  });
});
