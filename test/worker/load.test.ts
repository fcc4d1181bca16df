import { describe, expect, test, vi } from 'vitest';
import type { TasksNotLoadedError } from '../../src/core/errors.ts';
import { JumpClock } from './jump-clock.ts';
import { anAssignment, aPool, emptyPool } from './pools.ts';
import { aProject, TASK } from './projects.ts';

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

const MODULE = '{ "type": "module" }';

async function resultOf(files: Record<string, string>, entry: string): Promise<unknown> {
  const project = aProject(files);
  const { pool, told } = await aPool({ files: [project.path(entry)] });
  const run = anAssignment('greet', ['Ford']);
  pool.assign([run]);
  const outcome = await told.outcomeOf(run);
  return outcome.type === 'succeed' ? JSON.parse(outcome.result ?? 'null') : outcome;
}

async function problemOf(files: Record<string, string>, ...entries: string[]) {
  const project = aProject(files);
  const { pool } = await emptyPool({ files: entries.map((entry) => project.path(entry)), watch: true });
  const error = await pool.load().then(
    () => expect.fail('it loaded'),
    (thrown: TasksNotLoadedError) => thrown,
  );
  return { project, problem: error.problem, files: error.files, text: error.message };
}

describe('files that load', () => {
  test('an ES module of plain JavaScript', async () => {
    const text = "import task;\nexport const greet = task('greet', async (name) => 'mjs ' + name);";
    expect(await resultOf({ 'tasks.mjs': text }, 'tasks.mjs')).toBe('mjs Ford');
    expect(await resultOf({ 'package.json': MODULE, 'tasks.js': text }, 'tasks.js')).toBe('mjs Ford');
  });

  test('CommonJS, with the tasks in module.exports', async () => {
    const text = `exports.greet = require(${JSON.stringify(TASK.replace('file://', ''))}).task('greet', async (name) => \`cjs \${name}\`);`;
    expect(await resultOf({ 'tasks.cjs': text }, 'tasks.cjs')).toBe('cjs Ford');
    expect(await resultOf({ 'package.json': '{}', 'tasks.js': text }, 'tasks.js')).toBe('cjs Ford');
  });

  test('TypeScript, also where the package is no ES module', async () => {
    const files = {
      'tasks.ts':
        "import task;\nimport { title } from './title';\nexport const greet = task('greet', async (name: string) => title(name));",
      'title.ts': "export const title = (name: string): string => 'Mr ' + name;",
    };
    expect(await resultOf({ ...files, 'package.json': MODULE }, 'tasks.ts')).toBe('Mr Ford');
    expect(await resultOf(files, 'tasks.ts')).toBe('Mr Ford');
  });

  test('the paths of the nearest tsconfig.json, wherever the worker was started', async () => {
    const files = {
      'package.json': MODULE,
      'app/tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
      'app/lib/title.ts': "export const title = (name: string): string => 'Dr ' + name;",
      'app/src/tasks.ts':
        "import task;\nimport { title } from '@lib/title';\nexport const greet = task('greet', async (name: string) => title(name));",
    };
    expect(await resultOf(files, 'app/src/tasks.ts')).toBe('Dr Ford');
  });

  test('decorators, of the standard and of TypeScript', async () => {
    const standard = `import task;
function twice(fn: (name: string) => string, _context: ClassMethodDecoratorContext) { return function (this: Greeter, name: string) { return fn.call(this, fn.call(this, name)); }; }
class Greeter { @twice hello(name: string): string { return 'hi ' + name; } }
export const greet = task('greet', async (name: string) => new Greeter().hello(name));`;
    expect(await resultOf({ 'package.json': MODULE, 'tasks.ts': standard }, 'tasks.ts')).toBe('hi hi Ford');
    const legacy = `import task;
function loud(_target: object, _key: string, descriptor: PropertyDescriptor) { const fn = descriptor.value; descriptor.value = (name: string) => fn(name).toUpperCase(); }
class Greeter { @loud hello(name: string): string { return 'hi ' + name; } }
export const greet = task('greet', async (name: string) => new Greeter().hello(name));`;
    const tsconfig = '{ "compilerOptions": { "experimentalDecorators": true } }';
    expect(await resultOf({ 'package.json': MODULE, 'tsconfig.json': tsconfig, 'tasks.ts': legacy }, 'tasks.ts')).toBe('HI FORD');
  });

  test('several files, one task exported by two of them counted once', async () => {
    const project = aProject({
      'package.json': MODULE,
      'a.ts': "import task;\nexport const greet = task('greet', async () => 'a');",
      'b.ts': "import task;\nexport { greet } from './a';\nexport const other = task('other', async () => 'b');",
    });
    const { pool } = await aPool({ files: [project.path('a.ts'), project.path('b.ts')] });
    expect(pool.tasks.map(({ name }) => name)).toEqual(['greet', 'other']);
  });

  test('and what they were made of, without packages', async () => {
    const project = aProject({
      'package.json': MODULE,
      'tasks.ts': "import task;\nimport { x } from './x';\nimport 'thing';\nexport const greet = task('greet', async () => x.k);",
      'x.ts': "import x from './x.json' with { type: 'json' };\nexport { x };",
      'x.json': '{ "k": 1 }',
      'node_modules/thing/package.json': '{ "name": "thing", "type": "module", "exports": "./index.js" }',
      'node_modules/thing/index.js': '',
    });
    const { pool } = await aPool({ files: [project.path('tasks.ts')], watch: true });
    const own = pool.files.filter((file) => file.startsWith(project.folder)).sort();
    expect(own).toEqual(['tasks.ts', 'x.json', 'x.ts'].map(project.path));
  });
});

describe('files that do not load', () => {
  test('a syntax error in TypeScript says file, line and column, and shows the place', async () => {
    const { project, problem, files, text } = await problemOf(
      { 'package.json': MODULE, 'tasks.ts': "import './broken';\n", 'broken.ts': 'export const a = 1;\nexport const b = (;\n' },
      'tasks.ts',
    );
    expect(problem).toMatchObject({ file: project.path('broken.ts'), line: 2, column: 19, message: 'Unexpected ";"' });
    expect(problem.frame).toBe('  1 | export const a = 1;\n> 2 | export const b = (;\n    |                   ^\n  3 | ');
    expect(files).toEqual(expect.arrayContaining([project.path('tasks.ts'), project.path('broken.ts')]));
    expect(text).toContain(`${project.path('broken.ts')}:2:19: Unexpected ";"`);
  });

  test('a syntax error in JavaScript says file and line, in ES modules too', async () => {
    const broken = 'const a = 1;\nconst b = (;\n';
    for (const entry of ['tasks.mjs', 'tasks.cjs']) {
      const { project, problem } = await problemOf({ [entry]: broken }, entry);
      expect(problem).toMatchObject({ file: project.path(entry), line: 2, message: expect.stringContaining('SyntaxError') });
    }
  });

  test('an import that is not there says who imports it, and the folder to find it in is watched', async () => {
    const { project, problem, files } = await problemOf(
      { 'package.json': MODULE, 'tasks.ts': "import { a } from './lib/gone.js';\nconsole.log(a);\n", 'lib/x.ts': '' },
      'tasks.ts',
    );
    expect(problem).toMatchObject({ file: project.path('tasks.ts'), line: 1, message: expect.stringContaining('gone.js') });
    expect(files).toContain(project.path('lib'));
  });

  test('a served file that went away is said so, and its folder is watched for its return', async () => {
    const { project, problem, files } = await problemOf({ 'tasks.ts': 'import task;' }, 'gone/tasks.ts');
    expect(problem).toMatchObject({ message: expect.stringContaining('There is no file tasks.ts any more.'), frame: null, line: null });
    expect(files).toContain(project.path('gone'));
  });

  test('an error thrown while it loads says where', async () => {
    const { project, problem } = await problemOf(
      {
        'package.json': MODULE,
        'tasks.ts': "interface A { x: number }\nexport const a: A = { x: 1 };\nthrow new TypeError('no config');\n",
      },
      'tasks.ts',
    );
    expect(problem).toMatchObject({ file: project.path('tasks.ts'), line: 3, message: 'TypeError: no config' });
  });

  test('two tasks of one name are refused, and both files are named', async () => {
    const text = "import task;\nexport const greet = task('greet', async () => 1);";
    const { project, problem } = await problemOf({ 'package.json': MODULE, 'a.ts': text, 'b.ts': text }, 'a.ts', 'b.ts');
    expect(problem.message).toContain("'greet'");
    expect(problem.message).toContain(project.path('a.ts'));
    expect(problem.message).toContain(project.path('b.ts'));
  });

  test('no task at all is an error that shows how to make one', async () => {
    const { problem } = await problemOf({ 'package.json': MODULE, 'tasks.ts': 'export const a = 1;' }, 'tasks.ts');
    expect(problem.message).toMatch(/No task is exported by tasks\.ts.*task\('greet'/);
  });

  test('a process that ends while it loads is an error with its last lines', async () => {
    const { problem } = await problemOf(
      { 'package.json': MODULE, 'tasks.ts': "console.error('no database');\nprocess.exit(3);" },
      'tasks.ts',
    );
    expect(problem.message).toMatch(/ended while it loaded the files \(exit code 3\):\nno database/);
  });

  test('a load that does not end is given up', async () => {
    const clock = new JumpClock();
    const project = aProject({ 'package.json': MODULE, 'tasks.ts': "console.log('here');\nawait new Promise(() => {});" });
    const { pool, told } = await emptyPool({ files: [project.path('tasks.ts')], clock });
    const failed = expect(pool.load()).rejects.toThrow('did not finish loading within 60 s');
    await told.event('output');
    clock.jump(60_000);
    await failed;
  });
});
