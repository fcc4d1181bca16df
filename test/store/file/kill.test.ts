/** kill -9 of the process that writes: nothing it acknowledged is lost, and the next one goes on without a hand. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { verifyStore } from '../../../src/store/maintain.ts';
import { openStore } from '../../../src/store/open.ts';

const LOAD = fileURLToPath(new URL('../../fixtures/store/load.ts', import.meta.url));

/** Lets it work until it has acknowledged `lines`, kills it, and answers with all it printed. */
async function workAndDie(url: string, start: number, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', LOAD, url, String(start)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const printed: string[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    printed.push(text);
    if (printed.length === lines) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return printed;
}

test('kill -9 under load loses no acknowledged run and no acknowledged end', { timeout: 120_000 }, async () => {
  const base = await mkdtemp(join(tmpdir(), 'bgtask-kill-'));
  const url = `file:${base}/store`;
  const acknowledged = new Set<string>();
  try {
    for (let round = 0; round < 3; round += 1) {
      const lines = 1 + Math.floor(Math.random() * 2_000);
      for (const text of await workAndDie(url, round * 1_000_000, lines)) acknowledged.add(text);
      expect(await verifyStore(join(base, 'store')), `after ${lines} lines`).toMatchObject({ ok: true });
    }
    const store = await openStore(url);
    for (const text of acknowledged) {
      const [what, id = ''] = text.split(' ');
      const run = await store.get(id);
      expect(run, text).toBeDefined();
      if (what === 'done') expect(run?.state, text).toBe('COMPLETED');
    }
    await store.close();
    expect(acknowledged.size).toBeGreaterThan(5);
  } finally {
    await rm(base, { recursive: true });
  }
});
