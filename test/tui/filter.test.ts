import { describe, expect, test } from 'vitest';
import { followFilter, nextShow, SHOWS, type Show, statesOf, visibleRuns } from '../../src/tui/filter.ts';
import { aRunning, aRunView, someRuns } from '../helpers/fake-client.ts';

describe('the groups of states', () => {
  test('come one after the other, and round again, both ways', () => {
    const forwards = SHOWS.map((show) => nextShow(show, 1, {}));
    expect(forwards).toEqual(['active', 'completed', 'failed', 'cancelled', 'all']);
    expect(SHOWS.map((show) => nextShow(nextShow(show, 1, {}), -1, {}))).toEqual([...SHOWS]);
  });

  test('that the command left nothing of are passed over', () => {
    const filter = { state: ['FAILED', 'RUNNING'] as const };
    const seen: Show[] = [];
    for (let show: Show = 'all'; seen.length < 3; show = nextShow(show, 1, filter)) seen.push(show);
    expect(seen).toEqual(['all', 'active', 'failed']);
    expect(statesOf('failed', filter)).toEqual(['FAILED']);
  });

  test('are asked of the server, beside what the command asked for', () => {
    expect(followFilter('failed', '', { task: 'greet' })).toEqual({ task: 'greet', state: ['FAILED', 'CRASHED'] });
    expect(followFilter('all', '  ', { task: 'greet' })).toEqual({ task: 'greet' });
  });

  test('and so is the text, so that runs are found that were not shown', () => {
    expect(followFilter('all', ' Ada  vip ', {})).toEqual({ text: 'ada vip' });
  });
});

describe('visibleRuns', () => {
  const ada = aRunView({ id: 'run-a', task: 'greet', name: 'Greet Ada', tags: ['VIP'] });
  const bob = aRunning({ id: 'run-b', task: 'resize', tags: ['eu'] });
  const shown = (text: string, show: Show = 'all') => visibleRuns([ada, bob], show, text, {}).map((run) => run.id);

  test.each([
    ['run-b', ['run-b']],
    ['GREET', ['run-a']],
    ['ada', ['run-a']],
    ['vip', ['run-a']],
    ['run', ['run-a', 'run-b']],
    ['run eu', ['run-b']],
    ['vip eu', []],
    ['  ', ['run-a', 'run-b']],
    ['greet\nada', ['run-a']],
    ['.*', []],
  ])('finds by id, task, name and tag, each word for itself: %j', (text, ids) => {
    expect(shown(text)).toEqual(ids);
  });

  test('lets through the states of the group only', () => {
    expect(shown('', 'active')).toEqual(['run-b']);
    expect(shown('greet', 'active')).toEqual([]);
  });

  test('is the very list where nothing is filtered', () => {
    const runs = someRuns(3);
    expect(visibleRuns(runs, 'all', '', {})).toBe(runs);
  });
});
