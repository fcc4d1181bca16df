import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root, Shell } from '../helpers/shell.ts';

const folder = join(root, 'examples/06-chaos-duck');
const README = readFileSync(join(folder, 'README.md'), 'utf8');
/** In the first ten seconds of this seed a worker is killed, something crashes, and the server is killed. */
const SHORT = 'npm run duck -- 60 --rate 6 --seed 1172';
/** Nine processes start on a machine that may be busy, some of them twice, and a crashMe needs 11 s to be over. */
const TIMEOUT_MS = 240_000;

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
  shell.setEnv('TMPDIR', shell.home);
});
afterEach(async () => {
  await shell.close();
});

const foldersLeft = () => readdirSync(shell.home).filter((name) => name.startsWith('bgtask-duck-'));

/** Processes that were started with something in their environment. */
function processesWith(text: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text);
    } catch {
      return false; // it has ended, or is somebody else's
    }
  });
}

test('every ping comes back with its own number, whatever is killed meanwhile, and nothing is left behind', {
  timeout: TIMEOUT_MS,
}, async () => {
  expect(README).toContain(SHORT);
  const said = await shell.done(SHORT, root);
  expect(said).toContain('seed 1172: 60 pings');
  expect(said).toMatch(/harm +crashMe [1-9]\d*, workers killed [1-9]\d*, servers killed [1-9]/);
  expect(said).toMatch(/submissions that failed +\d/);
  expect(said).toMatch(/retries seen +[1-9]/);
  expect(said).toMatch(/final states of ping +COMPLETED 60\n/);
  expect(said).toMatch(/final states of crashMe +CRASHED [1-9]\d*\n/);
  expect(said).toMatch(/submit rate +[\d.]+\/s\ntotal rate +[\d.]+\/s/);
  expect(said).toContain('All 60 pings came back, each with its own number.');
  expect(foldersLeft()).toEqual([]);
});

test('a ping that comes back with another number, or fails, is told, and the duck ends with 1', { timeout: TIMEOUT_MS }, async () => {
  const copy = join(shell.home, 'duck');
  cpSync(folder, copy, { recursive: true });
  const tasks = readFileSync(join(copy, 'tasks.ts'), 'utf8');
  const broken = tasks.replace('return n;', "if (n === 9) throw new NonRetryableError('nine');\n  return n === 7 ? 8 : n;");
  writeFileSync(join(copy, 'tasks.ts'), broken.replace('import { task }', 'import { NonRetryableError, task }'));
  const { code, stdout, stderr } = await shell.run('npx tsx duck.ts 20 --seed 3', copy);
  expect([code, stderr.trim().split('\n')]).toEqual([
    1,
    [
      expect.stringMatching(/^ping 7 came back as 8, run [0-9a-f-]{36}$/),
      expect.stringMatching(/^ping 9 ended FAILED, run [0-9a-f-]{36}: nine$/),
    ],
  ]);
  expect(stdout).toContain('2 complaints; the same harm again: npm run duck -- 20 --rate 10 --seed 3');
});

test.runIf(existsSync('/proc/self/environ'))('Ctrl-C ends every process and removes the store', { timeout: TIMEOUT_MS }, async () => {
  // As npm runs it, without npm, which may answer a Ctrl-C by itself.
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { duck: string } };
  const duck = shell.start(`${scripts.duck} 500`, root);
  await duck.says(/all are up/);
  const [home = ''] = /BGTASK_HOME=\S+/.exec(duck.stdout) ?? [];
  expect(processesWith(home).length).toBeGreaterThanOrEqual(9);
  const { code } = await duck.stop();
  expect([code, processesWith(home), foldersLeft()]).toEqual([1, [], []]);
});

test('a call that makes no sense is explained', async () => {
  const { code, stderr } = await shell.run('npx tsx duck.ts many', folder);
  expect([code, stderr]).toEqual([2, expect.stringContaining('Usage: npm run duck')]);
});
