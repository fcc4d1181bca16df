import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Code with one mistake, and the whole of what TypeScript may say about it. */
const MISTAKES: Readonly<Record<string, readonly [code: string, message: string]>> = {
  'a misspelt option': [
    "task('x', { retrys: 3 }, (n: number) => n);",
    "Object literal may only specify known properties, and 'retrys' does not exist in type 'TaskOptions<undefined, [n: number]>'.",
  ],
  'a nearly right option': [
    "task('x', { timout: '5s' }, () => 1);",
    "Object literal may only specify known properties, but 'timout' does not exist in type 'TaskOptions<undefined, []>'. Did you mean to write 'timeout'?",
  ],
  'an option of a wrong type': ["task('x', { retries: '3' }, () => 1);", "Type 'string' is not assignable to type 'number'."],
  'a duration without a unit': ["task('x', { timeout: '5' }, () => 1);", `Type '"5"' is not assignable to type 'Duration | undefined'.`],
  'a wrong argument': ['greet.delay(3);', "Argument of type 'number' is not assignable to parameter of type 'OrFuture<string>'."],
  'a missing argument': ['greet.delay();', 'Expected 1 arguments, but got 0.'],
  'a text as the items of map': ["greet.map('Ford');", "Argument of type 'string' is not assignable to parameter of type 'Items<string>'."],
  'a misspelt call option': [
    "greet.applyAsync(['x'], { dely: '5s' });",
    "Object literal may only specify known properties, but 'dely' does not exist in type 'RunOptions'. Did you mean to write 'delay'?",
  ],
  'a wrong name of a ref': [
    "taskRef<typeof greet>('great');",
    `Argument of type '"great"' is not assignable to parameter of type '"greet"'.`,
  ],
  'a result that is not there': ['greet.onCompleted((run) => run.result.width);', "Property 'width' does not exist on type 'string'."],
  'a parameter with a default alone, beside an option that is a function of the arguments': [
    "task('x', { runName: (width) => String(width) }, (width = 300) => width).delay(1);",
    "Property 'delay' does not exist on type 'Annotate'.",
  ],
};

/** The first line of each diagnostic of `files`, compiled as another project would. `virtual` are files that are not on the disk. */
function compile(files: readonly string[], options: ts.CompilerOptions, virtual: ReadonlyMap<string, string> = new Map()): ts.Diagnostic[] {
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (name) => virtual.get(name) ?? readFile(name);
  host.fileExists = (name) => virtual.has(name) || fileExists(name);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, target, ...rest) => {
    const text = virtual.get(name);
    return text === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, text, target);
  };
  const program = ts.createProgram({ rootNames: files, options, host });
  return files.flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)));
}

const STRICT: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
};

describe('types', () => {
  test.each([
    [
      'a bundler',
      { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] },
    ],
    [
      'Node with exact optional properties',
      { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, exactOptionalPropertyTypes: true },
    ],
  ])('are inferred end to end in a strict project with %s', { timeout: 60_000 }, (_name, options) => {
    const found = compile([join(here, 'inference.ts')], { ...STRICT, ...options });
    expect(found.map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n'))).toEqual([]);
  });

  test('say in one short line what is wrong', { timeout: 60_000 }, () => {
    const head =
      "import { task, taskRef } from '../../src/index.ts';\nconst greet = task('greet', (name: string) => name);\nexport const used = [greet, taskRef];\n";
    const virtual = new Map(Object.entries(MISTAKES).map(([name, [code]]) => [join(here, `${name}.ts`), `${head}${code}\n`]));
    const options = { ...STRICT, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
    const said = compile([...virtual.keys()], options, virtual).map((one) => {
      const { line = 0 } = one.file?.getLineAndCharacterOfPosition(one.start ?? 0) ?? {};
      const lines = ts.flattenDiagnosticMessageText(one.messageText, '\n').split('\n');
      return [one.file?.fileName.slice(here.length, -3), line, lines[0], lines.length];
    });
    expect(said).toEqual(Object.entries(MISTAKES).map(([name, [, message]]) => [name, 3, message, 1]));
  });

  test('carry the way to mend it where the inference has to give up', () => {
    const types = readFileSync(join(root, 'src/task/types.ts'), 'utf8');
    expect(types).toMatch(/type Annotate = 'bgtask: give every parameter a type/);
  });
});
