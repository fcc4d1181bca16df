import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { fullId, listRuns, notFound, runPage, runTable } from '../../src/cli/runs.ts';
import type { Client } from '../../src/client/client.ts';
import { displayWidth } from '../../src/core/text.ts';
import { aRunView, someRuns } from '../helpers/fake-client.ts';

function pages(...lists: string[][]) {
  const request = vi.fn(async (_method: string, _path: string) => {
    const ids = lists.shift() ?? [];
    return { runs: ids.map((id) => aRunView({ id })), nextCursor: lists.length > 0 ? 'next' : null };
  });
  return { request, client: { request } as unknown as Client };
}

describe('a list', () => {
  test('is asked for page by page, at most a thousand at once', async () => {
    const { request, client } = pages(['a', 'b'], ['c']);
    expect((await listRuns(client, { state: ['FAILED'], task: 'x y' }, 2_500)).map((run) => run.id)).toEqual(['a', 'b', 'c']);
    expect(request.mock.calls.map(([, path]) => path)).toEqual([
      '/runs?limit=1000&state=FAILED&task=x+y',
      '/runs?limit=1000&state=FAILED&task=x+y&cursor=next',
    ]);
  });

  test('ends where there are enough', async () => {
    const { request, client } = pages(['a', 'b'], ['c']);
    await listRuns(client, {}, 2);
    expect(request).toHaveBeenCalledTimes(1);
  });

  test('shows only columns that have something in them', () => {
    const runs = someRuns(2, () => ({ name: null, tags: [] }));
    expect(runTable(runs, Date.now()).split('\n')[0]).not.toMatch(/NAME|TAGS/);
  });
});

describe('on a terminal', () => {
  const long = 'why it could not be done, in many words that would be broken somewhere';

  test('a list has whole ids where there is room for them, else their ends, and fits', () => {
    const runs = someRuns(2, () => ({ name: 'A name for people', tags: ['vip'] }));
    const [id] = runs.map((run) => run.id) as [string];
    expect(runTable(runs, Date.now(), 120)).toContain(id);
    expect(runTable(runs, Date.now(), null)).toContain(id);
    for (const width of [60, 80]) {
      const lines = runTable(runs, Date.now(), width).split('\n');
      expect(lines[1]).toMatch(new RegExp(`^${id.slice(-8)} `));
      expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
    }
  });

  test('a long text on a page is folded beside its label', async () => {
    const was = [process.stdout.isTTY, process.stdout.columns] as const;
    Object.assign(process.stdout, { isTTY: true, columns: 60 });
    try {
      const error = { name: 'Error', message: long, stack: null, cause: null };
      const page = await runPage(aRunView({ state: 'FAILED', stateName: 'Failed', error, args: [], history: [] }), false);
      const lines = stripVTControlCharacters(page).split('\n');
      expect(lines.filter((line) => line.length > 60)).toEqual([]);
      expect(lines.filter((line) => / (done|many|broken)\b/.test(line)).every((line) => /^(Error {7}| {12})\S/.test(line))).toBe(true);
    } finally {
      Object.assign(process.stdout, { isTTY: was[0], columns: was[1] });
    }
  });
});

describe('the end of an id', () => {
  const [one, other] = ['0192a5c1-0000-7000-8000-0000deadbeef', '0192a5c1-0000-7000-9000-1111deadbeef'];

  test('stands for the one run whose id ends like it', async () => {
    const { request, client } = pages([one, 'deadbeef-in-the-middle']);
    expect(await fullId(client, 'deadbeef')).toBe(one);
    expect(request.mock.calls.flat()).toContain('/runs?limit=1000&text=deadbeef');
  });

  test('is the id itself where there is such a run, or none that ends like it', async () => {
    expect(await fullId(pages([one, 'deadbeef']).client, 'deadbeef')).toBe('deadbeef');
    expect(await fullId(pages([]).client, 'deadbeef')).toBe('deadbeef');
  });

  test('is refused where several runs end like it', async () => {
    await expect(fullId(pages([one, other]).client, 'deadbeef')).rejects.toMatchObject({
      message: '2 runs have an id that ends in deadbeef.',
      suggestions: [one, other],
    });
  });

  test('is not looked for where it is shorter than what is shown, or as long as an id', async () => {
    const { request, client } = pages([one]);
    expect(await fullId(client, 'eadbeef')).toBe('eadbeef');
    expect(await fullId(client, one)).toBe(one);
    expect(request).not.toHaveBeenCalled();
  });
});

describe('an id that is none', () => {
  test('is told with those that begin or end like it', async () => {
    const { client } = pages(['0198-aaaa-1111', '0198-bbbb-2222', 'ffff-0198']);
    const { suggestions } = await notFound(client, '0198');
    expect(suggestions.filter((one) => one.startsWith('Did you mean'))).toHaveLength(3);
  });

  test('and is too short to be like any is told without', async () => {
    const { client } = pages(['0198-aaaa-1111']);
    expect((await notFound(client, '01')).suggestions).toEqual(['List the runs: bgtask task ls']);
  });
});

test('a page says nothing about what is not there', async () => {
  const page = await runPage(aRunView({ name: null, tags: [], waitFor: [], parentId: null, error: null, history: [] }), false);
  expect(page).not.toMatch(/^(Name|Tags|Waits for|Held by|Parent|Error|Key|TIME) /m);
});

test('nothing on a page commands the terminal', async () => {
  const evil = '\u001b]0;x\u0007';
  const page = await runPage(
    aRunView({ name: evil, task: evil, tags: [evil], worker: evil, progress: { done: 1, total: 2, note: evil } }),
    false,
  );
  expect(page).not.toContain('\u001b]');
});

test('a page of a run that a limit holds back says which one', async () => {
  expect(await runPage(aRunView({ state: 'SCHEDULED', stateName: 'AwaitingConcurrency', waitingFor: 'limit db (3)' }), false)).toMatch(
    /^Held by +limit db \(3\)$/m,
  );
});
