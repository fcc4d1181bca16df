import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { WorkerEvent } from '../../src/worker/events.ts';
import { serveFiles } from '../../src/worker/serve.ts';
import { FakeServer } from './fake-server.ts';
import { anAssignment, childOf, fixture, isAlive, Told } from './pools.ts';
import { aProject, type Project } from './projects.ts';

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

const greets = (word: string) => `import task;\nexport const greet = task('greet', async (name: string) => '${word} ' + name);\n`;

async function aWatcher(project: Project, entry = 'tasks.ts') {
  const server = await FakeServer.open();
  const told = new Told();
  const worker = await serveFiles([project.path(entry)], { watch: true, address: server.address, drain: 0, onEvent: told.onEvent });
  onTestFinished(() => worker.stop());
  return { server, told, worker };
}

async function greeting(server: FakeServer): Promise<unknown> {
  const run = anAssignment('greet', ['Ford']);
  server.grant(run);
  const outcome = await server.outcomeOf(run);
  return outcome.type === 'succeed' ? JSON.parse(outcome.result ?? 'null') : outcome;
}

function nth<T extends WorkerEvent['type']>(told: Told, type: T, count: number): Promise<Extract<WorkerEvent, { type: T }>> {
  return told.until(() => told.events.filter((event): event is Extract<WorkerEvent, { type: T }> => event.type === type)[count - 1]);
}

describe('a save', () => {
  test('brings new code for new runs, while a run that goes on ends with the old', async () => {
    const project = aProject({
      'package.json': '{ "type": "module" }',
      'tasks.ts': `import task;
export const greet = task('greet', async (name: string) => 'old ' + name);
export const slow = task('slow', async () => { await new Promise((resolve) => process.once('message', (m: { type: string }) => m.type === 'runs' && resolve(0))); return 'old'; });`,
    });
    const { server, told } = await aWatcher(project);
    const ready = await told.event('ready');
    expect(ready).toMatchObject({ tasks: ['greet', 'slow'], generation: 1 });
    expect(ready.files).toContain(project.path('tasks.ts'));
    const slow = anAssignment('slow');
    server.grant(slow);
    await server.until(() => server.of('started')[0]);
    const old = childOf(process.pid);

    project.write('tasks.ts', greets('new'));
    const reloaded = await told.event('reloaded');
    expect(reloaded).toMatchObject({ generation: 2, tasks: ['greet'], added: [], removed: ['slow'] });
    expect(await greeting(server)).toBe('new Ford');
    await server.until(() => server.of('update').some(({ generation, tasks }) => generation === 2 && tasks.length === 1));
    expect(isAlive(old)).toBe(true);
    expect(server.outcomes.some(({ token }) => token === slow.token)).toBe(false);
  });

  test('that does not load changes nothing: the old code serves on, the place is told, and the next save is served', async () => {
    const project = aProject({ 'package.json': '{ "type": "module" }', 'tasks.ts': greets('old') });
    const { server, told } = await aWatcher(project);
    await told.event('ready');
    project.write('tasks.ts', `${greets('new')}\nexport const broken = (;`);
    expect(await told.event('load-failed')).toMatchObject({ serving: true, file: project.path('tasks.ts'), line: 4, column: 24 });
    expect(await greeting(server)).toBe('old Ford');
    project.write('tasks.ts', greets('mended'));
    expect(await told.event('reloaded')).toMatchObject({ generation: 2, added: [], removed: [] });
    expect(await greeting(server)).toBe('mended Ford');
  });

  test('of a file that is imported counts too, however the editor writes it', async () => {
    const project = aProject({
      'package.json': '{ "type": "module" }',
      'tasks.ts': "import task;\nimport { word } from './word';\nexport const greet = task('greet', async (name: string) => word + name);",
      'word.ts': "export const word: string = 'one ';",
    });
    const { server, told } = await aWatcher(project);
    await told.event('ready');
    project.write('word.ts', "export const word: string = 'two ';");
    await nth(told, 'reloaded', 1);
    expect(await greeting(server)).toBe('two Ford');

    writeFileSync(project.path('word.ts.tmp'), "export const word: string = 'three ';");
    renameSync(project.path('word.ts.tmp'), project.path('word.ts'));
    await nth(told, 'reloaded', 2);
    expect(await greeting(server)).toBe('three Ford');

    rmSync(project.path('word.ts'));
    await nth(told, 'load-failed', 1);
    project.write('word.ts', "export const word: string = 'four ';");
    await nth(told, 'reloaded', 3);
    expect(await greeting(server)).toBe('four Ford');
  });

  test('names the tasks that came and went', async () => {
    const project = aProject({ 'package.json': '{ "type": "module" }', 'tasks.ts': greets('hi') });
    const { told } = await aWatcher(project);
    await told.event('ready');
    project.write('tasks.ts', greets('hi').replace("'greet'", "'salute'"));
    expect(await told.event('reloaded')).toMatchObject({ tasks: ['salute'], added: ['salute'], removed: ['greet'] });
  });
});

describe('a first load that fails', () => {
  test('is told, and served once it is mended', async () => {
    const project = aProject({
      'package.json': '{ "type": "module" }',
      'tasks.ts': greets('hi').replace('import task;', "import task;\nimport './lib/missing';"),
      'lib/other.ts': '',
    });
    const { server, told } = await aWatcher(project);
    expect(await told.event('load-failed')).toMatchObject({ serving: false, file: project.path('tasks.ts'), line: 2 });
    expect(server.frames).toEqual([]);
    project.write('lib/missing.ts', 'export {};');
    expect(await told.event('ready')).toMatchObject({ tasks: ['greet'], generation: 1 });
    expect(await greeting(server)).toBe('hi Ford');
  });

  test('without watching ends the worker, and leaves no process behind', async () => {
    const project = aProject({ 'package.json': '{ "type": "module" }', 'tasks.ts': 'export const a = (;' });
    const serving = serveFiles([project.path('tasks.ts')], { onEvent: () => {}, address: async () => ({ url: '', apiKey: null }) });
    await expect(serving).rejects.toMatchObject({ code: 'BGTASK_TASKS_NOT_LOADED', problem: { line: 1 } });
    expect(childOf(process.pid)).toBeNaN();
  });
});

describe('options', () => {
  const onEvent = () => {};

  test('a file that is not there is named', async () => {
    await expect(serveFiles([fixture('gone.ts')], { onEvent })).rejects.toThrow(/There is no file .*gone\.ts/);
    await expect(serveFiles([], { onEvent })).rejects.toThrow(/a list of files/);
    await expect(serveFiles([fixture('.')], { onEvent })).rejects.toThrow(/is a folder\. Name the files in it/);
  });
});
