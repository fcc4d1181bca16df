import { describe, expect, test } from 'vitest';
import { ServerUnreachableError, UnauthorizedError } from '../../src/core/errors.ts';
import { displayWidth } from '../../src/core/text.ts';
import { emptyView, type FollowEvent, fold } from '../../src/core/view.ts';
import { BINDINGS } from '../../src/tui/keys.ts';
import { emptyLines, helpLines, isTooSmall, noDetailsLines, tooSmallLines } from '../../src/tui/pages.ts';
import { firstScreen, type Screen } from '../../src/tui/screen.ts';
import { look, type World } from '../../src/tui/shown.ts';
import { type Line, lineWidth, SIGNS } from '../../src/tui/theme.ts';
import { countsOf, NOON } from '../helpers/fake-client.ts';

const nothing: FollowEvent = { type: 'snapshot', seq: 1, runs: [], counts: countsOf([]), durability: 'durable' };

function shown(events: readonly FollowEvent[], over: Partial<Screen> = {}, world: Partial<World> = {}) {
  const view = events.reduce((before, event) => fold(before, event, NOON), emptyView(50, NOON));
  const texts = { notice: null, trouble: null, served: [], title: 'bgtask', url: 'http://127.0.0.1:4200', signs: SIGNS };
  const base = { view, runs: [], filter: {}, loading: false, opened: null, now: NOON };
  return look({ ...firstScreen(80, 24), ...over }, { ...base, ...texts, ...world });
}
const text = (lines: readonly Line[]) =>
  lines
    .map((line) =>
      line
        .map((span) => span.text)
        .join('')
        .trimEnd(),
    )
    .join('\n')
    .trim();

describe('an empty list', () => {
  test('says what to do next', () => {
    const page = text(emptyLines(shown([nothing])));
    expect(page).toContain('bgtask task serve tasks.ts');
    expect(page).toContain('bgtask task run greet Ada');
  });

  test('names the tasks that are served instead of advising to serve some', () => {
    const page = text(emptyLines(shown([nothing], {}, { served: ['greet', 'resize'] })));
    expect(page).toContain('greet, resize');
    expect(page).toContain('bgtask task run greet');
    expect(page).not.toContain('task serve');
  });

  test('says that it is only filtered, and how to see all', () => {
    expect(text(emptyLines(shown([nothing], { text: 'x' })))).toContain('Esc shows all runs again');
    expect(text(emptyLines(shown([nothing], { show: 'failed' })))).toContain('No run matches');
    expect(text(emptyLines(shown([nothing], {}, { filter: { task: 'x' } })))).toContain('without its filters');
  });

  test('waits for its answer before it says anything', () => {
    expect(text(emptyLines(shown([])))).toBe('Connecting…');
    expect(text(emptyLines(shown([nothing], { show: 'failed' }, { loading: true })))).toBe('Loading…');
  });

  test.each([
    [new ServerUnreachableError('http://127.0.0.1:4200'), 'No bgtask server answers at', 'bgtask server start'],
    [new UnauthorizedError('http://127.0.0.1:4200'), 'does not accept the API key', 'bgtask auth token'],
    [null, 'No bgtask server answers at http://127.0.0.1:4200', 'Trying again'],
  ])('says why there is no server, and what helps: %s', (trouble, message, help) => {
    const page = text(emptyLines(shown([{ type: 'down' }], {}, { trouble })));
    expect(page).toContain(message);
    expect(page).toContain(help);
  });
});

test('details of which nothing is known say whether that will change', () => {
  const opened = (unknown: boolean) => ({ opened: { run: null, unknown, logs: { lines: [], dropped: 0 } } });
  expect(text(noDetailsLines(shown([nothing], {}, opened(false))))).toBe('Loading…');
  expect(text(noDetailsLines(shown([nothing], {}, opened(true))))).toContain('no such run');
});

describe('the help', () => {
  test('names every key that is shown, and fits into 80 columns and 22 rows', () => {
    const lines = helpLines(shown([nothing]));
    for (const { shown: keys, does } of BINDINGS) if (keys !== undefined) expect(text(lines)).toContain(does);
    for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThanOrEqual(22);
  });

  test('explains the sign of every state', () => {
    for (const sign of Object.values(SIGNS.state)) expect(text(helpLines(shown([nothing])))).toContain(sign);
  });
});

test('a terminal that is too small is told so, as far as that fits', () => {
  expect([isTooSmall(40, 8), isTooSmall(39, 8), isTooSmall(40, 7)]).toEqual([false, true, true]);
  expect(text(tooSmallLines(30, 5))).toBe('Terminal too small\n30×5; least 40×8');
  expect(tooSmallLines(30, 1)).toHaveLength(1);
  expect(displayWidth('30×5; least 40×8')).toBeLessThan(20);
});
