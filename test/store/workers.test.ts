import { expect, test } from 'vitest';
import { Changes } from '../../src/store/rows.ts';
import { Workers } from '../../src/store/workers.ts';
import { T0 } from '../core/builders.ts';

const process = (pid: number) => ({ pid, host: 'here', machine: 'm', startTicks: '1' });

test('what is new leaves a fact, what is known does not', () => {
  const workers = new Workers();
  const changes = new Changes();
  workers.note({ id: 'w', process: process(1), at: T0 }, changes);
  workers.note({ id: 'w', process: process(1), at: T0 + 1 }, changes);
  workers.note({ id: 'w', process: process(2), at: T0 + 2 }, changes);
  expect(changes.facts).toEqual([
    { kind: 'worker', id: 'w', process: process(1), at: T0 },
    { kind: 'worker', id: 'w', process: process(2), at: T0 + 2 },
  ]);
  expect(workers.get('w')).toEqual(process(2));
  expect(workers.get('other')).toBeUndefined();
});

test('the newest 200 are kept, and come back as they were', () => {
  const workers = new Workers();
  expect(workers.kept()).toEqual({});
  for (let n = 0; n < 250; n += 1) workers.note({ id: `w${n}`, process: process(n), at: T0 }, null);
  expect(workers.get('w49')).toBeUndefined();
  expect(workers.get('w50')).toEqual(process(50));
  const again = new Workers();
  again.load(JSON.parse(JSON.stringify(workers.kept())));
  expect(again.kept()).toEqual(workers.kept());
  again.load({});
  expect(again.kept().workers).toHaveLength(200);
});
