import { expect, test } from 'vitest';
import { TaskInputs } from '../../src/store/inputs.ts';
import { Changes } from '../../src/store/rows.ts';
import { T0 } from '../core/builders.ts';

const greet = (schema: string | null) => [{ task: 'greet', schema }];

test('what is new leaves a fact, what is known does not', () => {
  const inputs = new TaskInputs();
  const changes = new Changes();
  for (const schema of [null, '{}', '{}', 'true', null, null]) inputs.tell(greet(schema), T0, changes);
  expect(changes.facts).toEqual(['{}', 'true', null].map((schema) => ({ kind: 'input', task: 'greet', schema, at: T0 })));
  expect(inputs.all()).toEqual([]);
});

test('what is taken back is as it was', () => {
  const inputs = new TaskInputs();
  inputs.tell(greet('{}'), T0, null);
  const changes = new Changes();
  inputs.tell([...greet(null), { task: 'resize', schema: '1' }], T0, changes);
  expect(inputs.all()).toEqual([{ task: 'resize', schema: '1' }]);
  for (const step of changes.steps) if ('undo' in step) step.undo();
  expect(inputs.all()).toEqual(greet('{}'));
});

test('the newest 1,000 are kept, of 2 Mi characters, and come back as they were', () => {
  const inputs = new TaskInputs();
  expect(inputs.kept()).toEqual({});
  for (let n = 0; n < 1_100; n += 1) inputs.tell([{ task: `t${n}`, schema: '{}' }], T0, null);
  expect([inputs.all().length, inputs.all()[0]?.task]).toEqual([1_000, 't100']);
  inputs.tell(
    [
      { task: 't100', schema: 'true' },
      { task: 'new', schema: '{}' },
    ],
    T0,
    null,
  );
  expect([inputs.all().length, inputs.all()[0]?.task, inputs.all().at(-2)?.task]).toEqual([1_000, 't102', 't100']);
  const again = new TaskInputs();
  again.load(JSON.parse(JSON.stringify(inputs.kept())));
  expect(again.all()).toEqual(inputs.all());
  const big = 'x'.repeat(65_536);
  for (let n = 0; n < 40; n += 1) again.tell([{ task: `big${n}`, schema: big }], T0, null);
  expect(again.all().map(({ task }) => task)).toEqual(Array.from({ length: 32 }, (_, n) => `big${n + 8}`));
});

test('one that is too long is none, and ends the one before', () => {
  const inputs = new TaskInputs();
  inputs.tell(greet('{}'), T0, null);
  inputs.tell(greet('x'.repeat(65_537)), T0, null);
  expect(inputs.all()).toEqual([]);
});

test('a snapshot from before they were kept has none', () => {
  const inputs = new TaskInputs();
  inputs.load({});
  expect(inputs.all()).toEqual([]);
});
