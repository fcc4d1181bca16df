import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root, Shell } from '../helpers/shell.ts';

interface RunRow {
  readonly id: string;
  readonly task: string;
  readonly state: string;
  readonly args: readonly unknown[];
  readonly worker: string | null;
}

let shell: Shell;
beforeEach(async () => {
  shell = await Shell.open();
});
afterEach(async () => {
  await shell.close();
});

const runs = async () => JSON.parse(await shell.done('npx bgtask task ls --json')) as RunRow[];

describe('01-foreground', () => {
  const folder = join(root, 'examples/01-foreground');

  test('greets in this terminal, at once, without a server', async () => {
    expect(await shell.done('npx tsx greeter.ts', folder)).toBe('Hello, Marvin!\n');
  });

  test('with a server, the run is in the list afterwards, with its log line', async () => {
    await shell.serve('npx bgtask server start');
    expect(await shell.done('npx tsx greeter.ts', folder)).toBe('Hello, Marvin!\n');
    const [run, ...others] = await runs();
    expect(others).toEqual([]);
    expect(run).toMatchObject({ task: 'greet', state: 'COMPLETED' });
    expect(await shell.done(`npx bgtask run logs ${run?.id}`)).toContain('Hello, Marvin!');
  });
});

describe('02-worker', () => {
  const folder = join(root, 'examples/02-worker');
  const GREETINGS = ['Agrajag', 'Ford', 'Prefect', 'Slartibartfast'].map((name) => `Hello, ${name}!`);

  test.each(['npx bgtask task serve tasks.ts', 'npx tsx tasks.ts'])('%s runs what submit.ts submits', async (worker) => {
    await shell.serve('npx bgtask server start');
    const serving = await shell.serve(worker, folder);
    const lines = (await shell.done('npx tsx submit.ts', folder)).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^Submitted run [0-9a-f-]{36}$/);
    expect(lines.slice(1)).toEqual(GREETINGS);
    const listed = await runs();
    expect(listed.map((run) => run.state)).toEqual(Array.from({ length: 4 }, () => 'COMPLETED'));
    expect(lines[0]).toContain(listed.at(-1)?.id);
    for (const greeting of GREETINGS) expect(serving.stdout + serving.stderr).toContain(greeting);
  });

  test('what was submitted before a worker starts is done when it has started', async () => {
    await shell.serve('npx bgtask server start');
    const submitting = shell.start('npx tsx submit.ts', folder);
    await submitting.says(/Submitted run/);
    expect((await runs()).map((run) => run.state)).toEqual(['SCHEDULED']);
    await shell.serve('npx bgtask task serve tasks.ts', folder);
    const { code, stdout } = await submitting.ended;
    expect([code, stdout.trimEnd().split('\n').slice(1)]).toEqual([0, GREETINGS]);
  });

  test('two workers share the runs', async () => {
    await shell.serve('npx bgtask server start');
    await shell.serve('npx bgtask task serve tasks.ts --name left', folder);
    await shell.serve('npx bgtask task serve tasks.ts --name right', folder);
    await Promise.all(Array.from({ length: 3 }, () => shell.done('npx tsx submit.ts', folder)));
    const listed = await runs();
    expect(listed).toHaveLength(12);
    expect(new Set(listed.map((run) => run.worker))).toEqual(new Set(['left', 'right']));
  });

  test('Ctrl-C stops server and worker cleanly', async () => {
    const server = await shell.serve('npx bgtask server start');
    const byCommand = await shell.serve('npx bgtask task serve tasks.ts', folder);
    const byScript = await shell.serve('npx tsx tasks.ts', folder);
    expect((await byCommand.stop()).code).toBe(0);
    expect((await byScript.stop()).code).toBe(0);
    expect((await server.stop()).code).toBe(0);
  });
});
