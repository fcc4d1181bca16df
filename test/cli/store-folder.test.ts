import { expect, test } from 'vitest';
import { salvageText, storeFolder, verdictText } from '../../src/cli/store-folder.ts';
import { loadSettings } from '../../src/config/config.ts';

const settings = loadSettings({ STORE: process.cwd() }, { BGTASK_HOME: '/nowhere' });

test('a folder is meant as a path, as a URL, or by the settings', () => {
  expect(storeFolder(undefined, settings)).toBe(process.cwd());
  expect(storeFolder('src', settings)).toBe(`${process.cwd()}/src`);
  expect(storeFolder('file:src', settings)).toBe(`${process.cwd()}/src`);
  expect(() => storeFolder('memory:', settings)).toThrow('memory: has no files');
  expect(() => storeFolder('not-there', settings)).toThrow('There is no folder');
});

test('a sound store is told with what is in it, a damaged one with what to do', () => {
  expect(verdictText('/s', { ok: true, runs: 1, lastSequence: 9, problem: null })).toBe('Sound: 1 run, 9 records in /s');
  expect(verdictText('/s', { ok: false, runs: 1, lastSequence: 9, problem: 'a\u001b[2J' })).toBe(
    'Damaged: a\\x1b[2J\nSave what is sound: bgtask store repair /s --out NEWDIR',
  );
});

test('a loss is told by its records and runs, with how to accept exactly that', () => {
  const saved = {
    written: false,
    lost: 3,
    sequences: [
      { from: 2, to: 3 },
      { from: 9, to: 9 },
    ],
    lostRuns: ['r1'],
    runs: 5,
  };
  expect(salvageText('/s', '/n', saved).split('\n')).toEqual([
    'Lost: 3 records (sequence 2-3, 9)',
    '  run r1',
    'Nothing was written. To go on without them: bgtask store repair /s --out /n --accept-loss 3',
  ]);
  expect(salvageText('/s', '/n', { ...saved, written: true, lost: 0, sequences: [], lostRuns: [] })).toBe(
    'Nothing is lost.\nSaved 5 runs in /n. Use it: bgtask server start --store file:/n',
  );
});
