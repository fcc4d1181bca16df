import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pagesUnder, patternOf, readPage, type Step, stepsOf } from '../helpers/pages.ts';
import { root, Shell } from '../helpers/shell.ts';

const PAGES = ['README.md', ...pagesUnder('docs/guide')].filter((path) => stepsOf(readPage(path)).some((step) => step.do === 'run'));

async function follow(shell: Shell, step: Step): Promise<void> {
  if (step.do === 'write') return writeFileSync(join(shell.home, step.file), step.text);
  if (step.do === 'start') return void (await shell.serve(step.line));
  const said = await shell.done(step.line);
  if (step.says !== null) expect(said).toMatch(patternOf(step.says));
}

describe('what a page tells to type works as pasted, and says what the page says', () => {
  test.each(PAGES)('%s', async (path) => {
    const shell = await Shell.open();
    try {
      for (const step of stepsOf(readPage(path))) await follow(shell, step);
    } finally {
      await shell.close();
    }
  });
});

test('what the pages build on is there', () => {
  expect(existsSync(join(root, 'dist/src/index.js'))).toBe(true);
});
