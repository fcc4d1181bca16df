import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { type Column, formatTable } from '../../src/cli/table.ts';
import { displayWidth } from '../../src/core/text.ts';

type Row = { id: string; task: string; note: string };
const columns: Column<Row>[] = [
  { title: 'ID', cell: (row) => row.id },
  { title: 'TASK', cell: (row) => row.task, least: 6 },
  { title: 'NOTE', cell: (row) => row.note, optional: true },
];
const plain = stripVTControlCharacters;
const rows: Row[] = [
  { id: '0198-aaaa', task: 'resize', note: 'one' },
  { id: '0198-b', task: 'a-task-with-a-very-long-name-indeed', note: 'two' },
];

test('in a pipe every cell is whole, in columns, without blanks at the end', () => {
  expect(plain(formatTable(columns, rows, null)).split('\n')).toEqual([
    'ID         TASK                                 NOTE',
    '0198-aaaa  resize                               one',
    '0198-b     a-task-with-a-very-long-name-indeed  two',
  ]);
});

test('on a terminal no line is wider than it is: columns are cut that may be, then left out', () => {
  const at50 = plain(formatTable(columns, rows, 50));
  expect(at50.split('\n')[2]).toBe('0198-b     a-task-with-a-very-long-name-ind…  two');
  const wide = [{ id: 'x'.repeat(30), task: 'resize', note: 'n'.repeat(20) }];
  expect(
    plain(formatTable(columns, wide, 50))
      .split('\n')[0]
      ?.trimEnd(),
  ).toBe(`ID${' '.repeat(28)}  TASK`);
  for (const width of [40, 44, 60, 80, 200]) {
    for (const line of plain(formatTable(columns, rows, width)).split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
  }
});

test('ids are whole even where there is no room', () => {
  const long = [{ id: 'x'.repeat(80), task: 'resize', note: '' }];
  expect(plain(formatTable(columns, long, 40))).toContain('x'.repeat(80));
});

test('a cell cannot paint outside its place', () => {
  const evil = [{ id: 'a\nb\tc', task: '\u001b[2J\u009b31m', note: '\u202eabc' }];
  const text = formatTable(columns, evil, null);
  expect(text.split('\n')).toHaveLength(2);
  expect(plain(text).split('\n')[1]).toBe('a b c  \\x1b[2J\\x9b31m  \\u202eabc');
});

test('wide characters count as the columns they take', () => {
  const wide = [
    { id: '日本', task: 'x', note: '1' },
    { id: 'abcd', task: 'y', note: '2' },
  ];
  const lines = plain(formatTable(columns, wide, null))
    .split('\n')
    .slice(1);
  expect(lines).toEqual(['日本  x     1', 'abcd  y     2']);
});

test('numbers stand at the right', () => {
  const counts: Column<number>[] = [{ title: 'N', cell: (n) => String(n), side: 'right' }];
  expect(plain(formatTable(counts, [7, 1234], null))).toBe('   N\n   7\n1234');
});
