/** Follows a page as its reader does, in a folder: writes its files, types its commands, and holds what they say against what the page says. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { patternOf, type Step, stepsOf } from './pages.ts';
import type { Shell, Started } from './shell.ts';

/** Gives back what the page left running, in its order. */
export async function follow(shell: Shell, page: string, folder = shell.home): Promise<Started[]> {
  const started: Started[] = [];
  for (const step of stepsOf(page)) {
    if (step.do === 'start') started.push(await shell.serve(shell.ported(step.line), folder));
    else await take(shell, step, folder);
  }
  return started;
}

async function take(shell: Shell, step: Exclude<Step, { do: 'start' }>, folder: string): Promise<void> {
  if (step.do === 'write') return write(join(folder, step.file), shell.ported(step.text));
  const said = await shell.done(shell.ported(step.line), folder);
  if (step.says !== null) expect(said).toMatch(patternOf(shell.ported(step.says)));
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
