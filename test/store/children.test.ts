import { expect, test } from 'vitest';
import { newRun } from '../../src/core/transition.ts';
import { Children } from '../../src/store/children.ts';
import type { Row } from '../../src/store/rows.ts';
import { aSubmit } from '../core/builders.ts';

let seq = 0;
const aRow = (id: string, parentId: string | null) => ({ run: newRun(aSubmit({ id, parentId }), []), seq: ++seq }) as Row;
const ids = (rows: readonly Row[]) => rows.map(({ run }) => run.id);
const all = Number.POSITIVE_INFINITY;

test('descendants come parents first and siblings in order, whoever was put in last', () => {
  const children = new Children();
  const [a, b, aa, other] = [aRow('a', 'root'), aRow('b', 'root'), aRow('aa', 'a'), aRow('other', 'elsewhere')] as const;
  for (const row of [aa, b, other, a, aRow('root', null)]) children.add(row);
  expect(ids(children.descendants('root', all))).toEqual(['a', 'b', 'aa']);
  expect(ids(children.descendants('root', 2))).toEqual(['a', 'b']);
  expect(ids(children.descendants('aa', all))).toEqual([]);
  children.remove(a);
  children.remove(a);
  expect(ids(children.descendants('root', all))).toEqual(['b']);
  expect(ids(children.descendants('a', all))).toEqual(['aa']);
});

test('runs that say they are parents of each other end the walk', () => {
  const children = new Children();
  for (const row of [aRow('a', 'c'), aRow('b', 'a'), aRow('c', 'b'), aRow('self', 'self')]) children.add(row);
  expect(ids(children.descendants('a', all))).toEqual(['b', 'c']);
  expect(ids(children.descendants('self', all))).toEqual([]);
});
