/** A file store with a few runs in it, closed, and damage to it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../src/store/open.ts';
import { aSubmit } from '../core/builders.ts';

export async function fillStore(folder: string, runs: number): Promise<void> {
  const store = await openStore(`file:${folder}`);
  for (let n = 1; n <= runs; n += 1) await store.submit([aSubmit({ id: `run-${n}`, createdAt: Date.now() })], Date.now());
  await store.close();
}

/** Changes one letter in the first run's record, which later records prove to have been stored. Answers with the file. */
export function damage(folder: string): string {
  const name = readdirSync(folder).find((file) => file.startsWith('journal-')) as string;
  const file = join(folder, name);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('run-1', 'run-X'));
  return file;
}
