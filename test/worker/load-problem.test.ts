import { expect, test } from 'vitest';
import { folderOfMissing, problemOf } from '../../src/worker/load-problem.ts';
import { aProject } from './projects.ts';

const project = () => aProject({ 'tasks.ts': "import 'x';\nimport './lib/gone.js';\nconst a = 1;\nthrow a;\n", 'lib/there.ts': '' });

function errorWith(over: { name?: string; message?: string; stack?: string; code?: string; requireStack?: string[] }): Error {
  return Object.assign(new Error(over.message), over);
}

test('what esbuild says is taken apart into place and message', () => {
  const { path } = project();
  const error = errorWith({
    name: 'TransformError',
    message: `Transform failed with 1 error:\n${path('tasks.ts')}:3:6: ERROR: Expected ";"`,
  });
  expect(problemOf(error, [])).toEqual({
    ...{ message: 'Expected ";"', file: path('tasks.ts'), line: 3, column: 7, stack: null },
    frame: "  1 | import 'x';\n  2 | import './lib/gone.js';\n> 3 | const a = 1;\n    |       ^\n  4 | throw a;",
  });
});

test('of a stack the first place in the user’s own code counts', () => {
  const { path } = project();
  const stack = [
    'TypeError: no',
    '    at node:internal/modules/run_main:1:2',
    `    at inner (${path('node_modules/pkg/index.js')}:1:2)`,
    `    at new Thing (${path('tasks.ts')}:4:7)`,
  ].join('\n');
  expect(problemOf(errorWith({ name: 'TypeError', message: 'no', stack }), [])).toMatchObject({
    ...{ message: 'TypeError: no', file: path('tasks.ts'), line: 4, column: 7, stack },
  });
});

test('a path in a stack may be written as a URL', () => {
  const { path } = project();
  const encoded = encodeURI(path('tasks.ts'));
  for (const place of [encoded, `file://${encoded}`]) {
    expect(problemOf(errorWith({ stack: `Error\n    at ${place}:3:1` }), [])).toMatchObject({ file: path('tasks.ts'), line: 3 });
  }
});

test('an import that is not there is the line that asks for it, and its folder the place to look', () => {
  const { path } = project();
  const message = `Cannot find module '${path('lib/gone.js')}' imported from ${path('tasks.ts')}`;
  const error = errorWith({ code: 'ERR_MODULE_NOT_FOUND', message });
  expect(problemOf(error, [])).toMatchObject({ file: path('tasks.ts'), line: 2 });
  expect(folderOfMissing(error)).toBe(path('lib'));
  const far = `Cannot find module '${path('far/gone.js')}' imported from ${path('tasks.ts')}`;
  expect(folderOfMissing(errorWith({ code: 'ERR_MODULE_NOT_FOUND', message: far }))).toBe(path('').replace(/\/$/, ''));
  expect(folderOfMissing(errorWith({ code: 'MODULE_NOT_FOUND', requireStack: [path('lib/a.cjs')] }))).toBe(path('lib'));
  expect(folderOfMissing(new Error('else'))).toBeNull();
});

test('anything can be thrown', () => {
  for (const thrown of [undefined, null, 'text', { a: 1 }]) {
    expect(problemOf(thrown, [])).toMatchObject({ message: `Error: ${String(thrown)}` });
    expect(folderOfMissing(thrown)).toBeNull();
  }
});
