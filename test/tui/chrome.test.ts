import { beforeAll, describe, expect, test, vi } from 'vitest';
import { emptyView, type FollowEvent, fold, type View } from '../../src/core/view.ts';
import { countsLine, detailsTitle, headerLine, keysLine, statusLine } from '../../src/tui/chrome.ts';
import { NO_LOGS } from '../../src/tui/logs.ts';
import { firstScreen, type Screen } from '../../src/tui/screen.ts';
import { look, type World } from '../../src/tui/shown.ts';
import { type Line, lineWidth, SIGNS } from '../../src/tui/theme.ts';
import { aRunning, aRunView, countsOf, NOON, someRuns } from '../helpers/fake-client.ts';

beforeAll(() => {
  vi.stubEnv('TZ', 'UTC');
});

const runs = someRuns(30).reverse();
const snapshot: FollowEvent = { type: 'snapshot', seq: 1, runs, counts: countsOf(runs), durability: 'durable' };
const viewOf = (...events: FollowEvent[]): View => events.reduce((view, event) => fold(view, event, NOON), emptyView(30, NOON));

function shown(over: Partial<Screen> = {}, world: Partial<World> = {}) {
  const texts = { notice: null, trouble: null, served: [], title: 'bgtask', url: 'http://127.0.0.1:4200', signs: SIGNS };
  const base = { view: viewOf(snapshot), runs, filter: {}, loading: false, opened: null, now: NOON };
  return look({ ...firstScreen(80, 24), ...over }, { ...base, ...texts, ...world });
}
const text = (line: Line) => line.map((span) => span.text).join('');

describe('the header', () => {
  test('names the server, and says that it is there', () => {
    expect(text(headerLine(shown()))).toMatch(/^ bgtask {2}http:\/\/127\.0\.0\.1:4200 +● live $/);
  });

  test('says since when the connection is lost', () => {
    expect(text(headerLine(shown({}, { view: viewOf(snapshot, { type: 'down' }) })))).toContain('○ reconnecting since 12:00:00');
  });

  test('says when it was never there, or has told nothing yet', () => {
    expect(text(headerLine(shown({}, { view: viewOf() })))).toContain('○ connecting');
    expect(text(headerLine(shown({}, { view: viewOf({ type: 'up' }) })))).toContain('○ connecting');
  });

  test.each([
    ['relaxed', ' RELAXED '],
    ['memory', ' IN MEMORY '],
  ] as const)('warns of a store that is %s', (durability, badge) => {
    expect(text(headerLine(shown({}, { view: viewOf({ ...snapshot, durability }) })))).toContain(badge);
  });

  test('keeps to the width, however long the address', () => {
    expect(lineWidth(headerLine(shown({}, { url: `http://${'x'.repeat(200)}` })))).toBe(80);
  });
});

describe('the counts', () => {
  const counts = { ...countsOf([]), SCHEDULED: 12, RUNNING: 4, COMPLETED: 1_204_567, FAILED: 3 };
  const counted = shown({}, { view: viewOf({ ...snapshot, counts }) });

  test('name each state that has runs', () => {
    expect(text(countsLine(counted))).toBe(' ○ 12 scheduled  ● 4 running  ✓ 1,204,567 completed  ✗ 3 failed ');
  });

  test('lose their words where there is no room', () => {
    const narrow = { ...counted, screen: { ...counted.screen, columns: 40 } };
    expect(text(countsLine(narrow))).toBe(' ○ 12  ● 4  ✓ 1,204,567  ✗ 3 ');
  });
});

describe('the status', () => {
  const status = (over: Partial<Screen> = {}, world: Partial<World> = {}) => text(statusLine(shown(over, world))).trim();

  test('says which run of how many is selected, and that older ones are left out', () => {
    expect(status()).toBe('1 of 30');
    const counts = { ...countsOf(runs), COMPLETED: 12_345 };
    expect(status({}, { view: viewOf({ ...snapshot, counts }) })).toBe('1 of 30 (newest 30 of 12,345)');
  });

  test('asks what was asked for', () => {
    expect(status({ asking: { order: 'cancel', run: aRunning({ name: 'Greet Ada' }) } })).toMatch(/^Cancel greet “Greet Ada”\? y\/n/);
    expect(status({ asking: { order: 'retry', run: aRunView() } })).toMatch(/^Run greet deadbeef again\? y\/n/);
  });

  test('shows the text that is being typed, and its end where it is long', () => {
    expect(status({ typing: true, text: 'gre' })).toMatch(/^\/gre /);
    expect(status({ typing: true, text: `${'x'.repeat(100)}end` })).toMatch(/^\/x+end /);
  });

  test('says what is filtered', () => {
    const filter = { task: 'greet', tag: 'vip' };
    expect(status({ show: 'failed', text: 'ada' }, { filter })).toMatch(/^only failed · task greet · tag vip · “ada” /);
    expect(status({}, { filter: { state: ['FAILED'] } })).toMatch(/^only failed /);
  });

  test('shows what else goes on, and first of all what an order came to', () => {
    expect(status({}, { notice: 'tasks.ts reloaded' })).toMatch(/^tasks\.ts reloaded /);
    expect(status({ message: 'Asked greet to stop' }, { notice: 'tasks.ts reloaded' })).toMatch(/^Asked greet to stop /);
  });

  test('says why a lost server does not come back, where that is known', () => {
    const trouble = new Error('The server does not accept the API key.');
    expect(status({}, { trouble, view: viewOf(snapshot, { type: 'down' }) })).toMatch(/^The server does not accept the API key\. /);
    expect(status({}, { trouble })).toBe('1 of 30');
  });

  test('shows nothing a terminal obeys', () => {
    const evil = '\x1b[2J\u202e';
    const asking = { order: 'cancel', run: aRunning({ name: evil }) } as const;
    for (const one of [
      status({ asking }),
      status({ text: evil }),
      status({ typing: true, text: evil }),
      status({}, { filter: { task: evil } }),
    ]) {
      expect(one).not.toMatch(/\u202e/);
      expect(one).not.toContain('\x1b');
    }
  });
});

describe('the keys', () => {
  const keys = (over: Partial<Screen> = {}) =>
    text(keysLine(shown(over)))
      .replace(/ +/g, ' ')
      .trim();

  test('are those that do something now', () => {
    expect(keys()).toBe('↑↓ move Enter details / filter s state c cancel r retry ? help q quit');
    expect(keys({ asking: { order: 'cancel', run: aRunning() } })).toBe('y yes n no');
    expect(keys({ typing: true })).toContain('Esc clear');
    expect(keys({ details: { id: 'x', top: 0 } })).toContain('Esc back');
    expect(keys({ help: true })).toContain('any key closes');
  });

  test('give way where there is little room; help and quit stay longest', () => {
    expect(keys({ columns: 42 })).toBe('Enter details / filter ? help q quit');
    for (let columns = 40; columns < 120; columns++) expect(lineWidth(keysLine(shown({ columns })))).toBeLessThanOrEqual(columns);
  });
});

test('the title of the details names the run and its state', () => {
  const opened = { run: aRunning({ name: 'Greet Ada' }), unknown: false, logs: NO_LOGS };
  expect(text(detailsTitle(shown({ details: { id: 'x', top: 0 } }, { opened })))).toMatch(/^ greet {2}“Greet Ada” +● Running $/);
  expect(text(detailsTitle(shown({ details: { id: 'some-id', top: 0 } })))).toBe(' some-id');
});
