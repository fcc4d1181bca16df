import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunView } from '../../src/core/api.ts';
import { shortId } from '../../src/core/ids.ts';
import type { Key } from '../../src/tui/keys.ts';
import { firstScreen, labelOf, type Next, paste, press, type Screen, type Sight, settle, windowOf } from '../../src/tui/screen.ts';
import { aRunning, aRunView, someRuns } from '../helpers/fake-client.ts';

const HEIGHT = 10;

/** Newest first, as a list shows them. */
const runs = someRuns(50).reverse();

function sightOf(screen: Screen, shown: readonly RunView[] = runs, over: Partial<Sight> = {}): Sight {
  const { index } = windowOf(screen.cursor, shown, HEIGHT);
  const open = shown.find((run) => run.id === screen.details?.id) ?? null;
  const run = screen.details === null ? (shown[index] ?? null) : open;
  return { runs: shown, run, filter: {}, listHeight: HEIGHT, detailsHeight: 20, detailsLength: 100, ...over };
}
/** The screen after `keys`, and the last effect. */
function pressed(keys: readonly Key[], shown: readonly RunView[] = runs, from: Screen = firstScreen(80, 24)): Next {
  return keys.reduce<Next>((next, key) => press(next.screen, key, sightOf(next.screen, shown)), { screen: from });
}
function selected(screen: Screen, shown: readonly RunView[] = runs): RunView | undefined {
  return shown[windowOf(screen.cursor, shown, HEIGHT).index];
}

function expectSelected(screen: Screen, shown: readonly RunView[], height: number): void {
  const { index, top } = windowOf(screen.cursor, shown, height);
  expect(top).toBeGreaterThanOrEqual(0);
  expect(top).toBeLessThanOrEqual(Math.max(0, shown.length - height));
  if (shown.length === 0) {
    expect(index).toBe(-1);
    return;
  }
  expect(shown[index]).toBeDefined();
  expect(index).toBeGreaterThanOrEqual(top);
  expect(index).toBeLessThan(top + height);
}

describe('the selection', () => {
  test('is the newest run at first, and follows the newest while it is at the top', () => {
    const { screen } = pressed([]);
    expect(selected(screen)).toBe(runs[0]);
    const newer = [aRunView({ id: 'newer' }), ...runs];
    expect(selected(settle(screen, newer, HEIGHT), newer)?.id).toBe('newer');
  });

  test('stays on its run, and that run on its row, when others arrive above', () => {
    const { screen } = pressed(['j', 'j', 'j']);
    const newer = [...someRuns(7, (index) => ({ id: `new-${index}` })), ...runs];
    const settled = settle(screen, newer, HEIGHT);
    expect(selected(settled, newer)).toBe(runs[3]);
    expect(windowOf(settled.cursor, newer, HEIGHT).top).toBe(7);
  });

  test('goes to the neighbour when its run is gone', () => {
    const { screen } = pressed(['j', 'j', 'j']);
    const fewer = runs.filter((run) => run !== runs[3]);
    expect(selected(settle(screen, fewer, HEIGHT), fewer)).toBe(runs[4]);
  });

  test.each<[string, Key[], number]>([
    ['down and up', ['j', 'down', 'k', 'up', 'j'], 1],
    ['a page down', ['pagedown'], 10],
    ['pages up beyond the top', ['pagedown', 'pageup', 'pageup'], 0],
    ['to the end', ['G'], 49],
    ['to the end and beyond', ['end', 'j', 'pagedown'], 49],
    ['to the top again', ['G', 'g'], 0],
  ])('moves %s', (_, keys, index) => {
    expect(selected(pressed(keys).screen)).toBe(runs[index]);
  });

  test('is always a run of the list, and always in the window', () => {
    const keys = fc.constantFrom<Key>(
      'j',
      'k',
      'up',
      'down',
      'pageup',
      'pagedown',
      'g',
      'G',
      'enter',
      'escape',
      's',
      '/',
      'x',
      'c',
      'n',
      'p',
    );
    const lists = fc.integer({ min: 0, max: 60 }).map((count) => someRuns(count).reverse());
    const moments = fc.array(fc.oneof(keys, lists), { maxLength: 40 });
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 30 }), (what, height) => {
        let shown: readonly RunView[] = runs;
        let screen = firstScreen(80, 24);
        for (const one of what) {
          if (typeof one === 'string') screen = press(screen, one, sightOf(screen, shown, { listHeight: height })).screen;
          else shown = one;
          screen = settle(screen, shown, height);
          expectSelected(screen, shown, height);
        }
      }),
    );
  });
});

describe('orders', () => {
  const open = [aRunning({ id: 'open' }), ...runs];

  test('are carried out after y only', () => {
    const asked = pressed(['c'], open);
    expect(asked.effect).toBeUndefined();
    expect(asked.screen.asking).toMatchObject({ order: 'cancel', run: { id: 'open' } });
    expect(pressed(['c', 'y'], open).effect).toMatchObject({ order: 'cancel', run: { id: 'open' } });
    expect(pressed(['c', 'y'], open).screen.asking).toBeNull();
  });

  test.each<Key>(['n', 'N', 'escape', 'q'])('are dropped with %s', (key) => {
    const { screen, effect } = pressed(['c', key], open);
    expect(screen.asking).toBeNull();
    expect(effect).toBeUndefined();
  });

  test('wait while other keys are pressed, which do nothing', () => {
    const { screen } = pressed(['c', 'j', 'enter', ' ', 's'], open);
    expect(screen).toEqual(pressed(['c'], open).screen);
  });

  test('are about the run that was asked about, also when others arrive meanwhile', () => {
    const { screen } = pressed(['c'], open);
    const newer = [aRunning({ id: 'newer' }), ...open];
    expect(press(screen, 'y', sightOf(screen, newer)).effect).toMatchObject({ run: { id: 'open' } });
  });

  test('that cannot be are answered at once', () => {
    expect(pressed(['c']).screen).toMatchObject({
      asking: null,
      message: `greet ${shortId((runs[0] as RunView).id)} has ended already: Completed`,
    });
    expect(pressed(['r'], open).screen.message).toContain('has not ended yet');
    expect(pressed(['c'], []).screen).toMatchObject({ asking: null, message: null });
  });

  test('lose their message with the next key', () => {
    expect(pressed(['c', 'j']).screen.message).toBeNull();
  });

  test('also go from the details', () => {
    expect(pressed(['j', 'enter', 'r', 'y']).effect).toMatchObject({ order: 'retry', run: { id: (runs[1] as RunView).id } });
  });
});

describe('the filter', () => {
  test('takes letters as text, and gives the keys back on Enter', () => {
    const { screen } = pressed(['/', 'q', 'c', '日', ' ', '?', 'enter', 'j']);
    expect(screen).toMatchObject({ text: 'qc日 ?', typing: false, cursor: { index: 1 } });
  });

  test.each<[string, Key[], string]>([
    ['Backspace takes one character', ['a', '👍', 'backspace'], 'a'],
    ['Ctrl-U takes all', ['a', 'b', 'ctrl+u'], ''],
    ['Ctrl-W takes a word', ['a', ' ', 'b', 'c', 'ctrl+w'], 'a '],
    ['other keys take nothing', ['a', 'pageup', 'tab', 'ctrl+x'], 'a'],
  ])('%s', (_, keys, text) => {
    expect(pressed(['/', ...keys]).screen).toMatchObject({ text, typing: true });
  });

  test('goes with Escape, while typing and after', () => {
    expect(pressed(['/', 'a', 'escape']).screen).toMatchObject({ text: '', typing: false });
    expect(pressed(['/', 'a', 'enter', 'escape']).screen.text).toBe('');
  });

  test('by state goes round, and all are shown again with Escape', () => {
    expect(pressed(['s']).screen.show).toBe('active');
    expect(pressed(['S']).screen.show).toBe('cancelled');
    expect(pressed(['s', 's', 'escape']).screen.show).toBe('all');
  });

  test('moves to the top, where the newest match is', () => {
    expect(pressed(['j', 'j', '/', 'a']).screen.cursor).toMatchObject({ id: null, index: 0 });
  });
});

describe('what is pasted', () => {
  test('goes into the filter as one line', () => {
    expect(paste(pressed(['/', 'a']).screen, ' b\nc\x1b ').text).toBe('ab c\\x1b');
  });

  test('does nothing anywhere else', () => {
    const { screen } = pressed(['j']);
    expect(paste(screen, 'q')).toBe(screen);
  });
});

describe('the details', () => {
  test('open on the selected run and lead back to it', () => {
    const { screen } = pressed(['enter']);
    expect(screen.details).toEqual({ id: (runs[0] as RunView).id, top: 0 });
    const newer = [aRunView({ id: 'newer' }), ...runs];
    const back = press(settle(screen, newer, HEIGHT), 'escape', sightOf(screen, newer)).screen;
    expect(selected(back, newer)).toBe(runs[0]);
  });

  test('do not open where there is no run', () => {
    expect(pressed(['enter'], []).screen.details).toBeNull();
  });

  test.each<[string, Key[], number | 'end']>([
    ['a line down', ['j', 'j', 'k'], 1],
    ['a page', ['pagedown'], 20],
    ['not beyond the end', ['pagedown', 'pagedown', 'pagedown', 'pagedown', 'pagedown', 'pagedown'], 80],
    ['to the end, and stay there', ['G'], 'end'],
    ['up from the end', ['G', 'k'], 79],
    ['back to the begin', ['G', 'g'], 0],
  ])('scroll %s', (_, keys, top) => {
    expect(pressed(['enter', ...keys]).screen.details?.top).toBe(top);
  });

  test('go to the runs beside, and stop at the ends of the list', () => {
    expect(pressed(['j', 'enter', 'n']).screen.details?.id).toBe((runs[2] as RunView).id);
    expect(pressed(['j', 'enter', 'left']).screen.details?.id).toBe((runs[0] as RunView).id);
    expect(pressed(['enter', 'p']).screen.details?.id).toBe((runs[0] as RunView).id);
  });
});

describe('other keys', () => {
  test.each<Key[]>([['q'], ['ctrl+c'], ['/', 'ctrl+c'], ['c', 'ctrl+c'], ['enter', 'q'], ['?', 'q']])('%j… quits', (...keys) => {
    expect(pressed(keys, [aRunning(), ...runs]).effect).toBe('quit');
  });

  test('? opens the help and any key closes it', () => {
    expect(pressed(['?']).screen.help).toBe(true);
    expect(pressed(['?', 'x']).screen.help).toBe(false);
    expect(pressed(['?', 'j']).screen).toEqual(firstScreen(80, 24));
  });

  test('Ctrl-L paints again', () => {
    expect(pressed(['ctrl+l']).effect).toBe('repaint');
  });
});

test('a run is named by its task and its name, or the end of its id', () => {
  expect(labelOf(aRunView({ name: 'Greet Ada' }))).toBe('greet “Greet Ada”');
  expect(labelOf(aRunView())).toBe('greet deadbeef');
});
