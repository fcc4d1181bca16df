import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { follow } from '../helpers/follow.ts';
import { pagesUnder, readPage, stepsOf } from '../helpers/pages.ts';
import { root, Shell } from '../helpers/shell.ts';

const PAGES = ['README.md', ...pagesUnder('docs/guide')].filter((path) => stepsOf(readPage(path)).some((step) => step.do === 'run'));

describe('what a page tells to type works as pasted, and says what the page says', () => {
  test.each(PAGES)('%s', async (path) => {
    const shell = await Shell.open();
    try {
      await follow(shell, readPage(path));
    } finally {
      await shell.close();
    }
  });
});

test('what the pages build on is there', () => {
  expect(existsSync(join(root, 'dist/src/index.js'))).toBe(true);
});
