import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../src/config/config.ts';
import * as errors from '../src/core/errors.ts';
import { anchorsOf, blocksOf, linksOf, pagesUnder, patternOf, readPage, root, rowsOf, stepsOf } from './helpers/pages.ts';

const TOP = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
const PAGES = [...TOP, ...pagesUnder('docs'), ...pagesUnder('docs/guide'), ...pagesUnder('docs/adr'), ...examplePages()];
const read = (file: string) => readFileSync(join(root, file), 'utf8');

function examplePages(): string[] {
  const folders = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return ['examples/README.md', ...folders.map((entry) => `examples/${entry.name}/README.md`)];
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

describe('links', () => {
  test('are there to be looked at', () => {
    expect(PAGES.length).toBeGreaterThanOrEqual(25);
    expect(PAGES.flatMap((path) => linksOf(readPage(path))).length).toBeGreaterThanOrEqual(45);
  });

  test.each(PAGES)('of %s lead to files and headings that are there', (path) => {
    const broken = linksOf(readPage(path)).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(readPage(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

describe('docs/ERRORS.md', () => {
  const rows = rowsOf(readPage('docs/ERRORS.md'));

  test('lists each error of src/core/errors.ts with its class, and no other', () => {
    const source = read('src/core/errors.ts');
    const own = [...source.matchAll(/class (\w+) extends \w+ {[\s\S]*?readonly code(?:: string)? = '(BGTASK_\w+)'/g)].map(
      ([, name, code]) => [code, name],
    );
    const kinds = /StoreErrorKind = (.*);/.exec(source)?.[1]?.match(/\w+/g) ?? [];
    const stored = kinds.map((kind) => [`BGTASK_STORE_${kind.toUpperCase()}`, 'StoreError']);
    const listed = rows.filter((row) => row[0]?.startsWith('BGTASK_')).map((row) => [row[0], row[1]]);
    expect(own.length).toBeGreaterThanOrEqual(12);
    expect(listed.sort()).toEqual([...own, ...stored].sort());
  });

  test('says of each what caused it and what helps', () => {
    const empty = rows.filter((row) => row[0]?.startsWith('BGTASK_') && ((row[2]?.length ?? 0) < 10 || !row[3]));
    expect(empty).toEqual([]);
  });

  test('names only classes that are exported', () => {
    const names = rows.filter((row) => row[0]?.startsWith('BGTASK_')).map((row) => row[1] as string);
    expect(names.filter((name) => !(name in errors))).toEqual([]);
  });

  test('lists every refusal of the server with its status, and no other', () => {
    const sources = sourcesUnder('src/server').join('\n');
    const made = [...sources.matchAll(/refuse\(\s*(\d{3}),\s*'(\w+)'/g), ...sources.matchAll(/status: (\d{3}),\s*code: '(\w+)'/g)];
    const scanned = [...sources.matchAll(/problem = \{ code: '(\w+)'/g)].map(([, code]) => `400 ${code}`);
    const told = new Set([...made.map(([, status, code]) => `${status} ${code}`), ...scanned]);
    const listed = rows.filter((row) => /^\d{3}$/.test(row[0] ?? '')).map((row) => `${row[0]} ${row[1]}`);
    expect(told.size).toBeGreaterThanOrEqual(15);
    expect(listed.sort()).toEqual([...told].sort());
  });
});

describe('docs/adr', () => {
  const decisions = pagesUnder('docs/adr').filter((path) => !path.endsWith('README.md'));

  test('are numbered without a gap and listed', () => {
    const numbers = decisions.map((path) => Number(/(\d{4})-/.exec(path)?.[1]));
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
    const listed = linksOf(readPage('docs/adr/README.md'));
    expect(listed).toEqual(decisions.map((path) => path.slice('docs/adr/'.length)));
  });

  test.each(decisions)('%s says context, choice and price on one page', (path) => {
    const page = readPage(path);
    for (const part of ['**Context.**', '**Choice.**', '**Price.**']) expect(page).toContain(part);
    expect(page.split('\n').length).toBeLessThanOrEqual(60);
  });
});

describe('settings and flags', () => {
  const guide = [readPage('README.md'), ...pagesUnder('docs/guide').map(readPage), ...examplePages().map(readPage)];

  test('the table of settings is that of src/config/config.ts', () => {
    const listed = rowsOf(readPage('docs/guide/08-operations.md')).filter((row) => row[1]?.startsWith('BGTASK_'));
    expect(listed.map((row) => [row[0], row[1], row[3]])).toEqual(SETTINGS.map(({ key, env, describe: said }) => [key, env, said]));
  });

  const files = readdirSync(join(root, 'commands'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const commands = files.map((file) => file.replace(/\.ts$/, '').split(sep).join(' '));
  const topics = new Set(commands.map((command) => command.split(' ')[0]));
  /** Each place where the guide speaks of a command: its words and the flags behind it. */
  const uses = guide
    .flatMap((page) => [...page.matchAll(/\bbgtask ([a-z]+)(?: ([a-z]+))?([^`\n#|]*)/g)])
    .map(([, first = '', second = '', rest = '']) => ({
      command: commands.includes(first) ? first : `${first} ${second}`,
      flags: [...rest.matchAll(/(?<=\s|\[)--([a-z][a-z-]*)/g)].map(([, name]) => name as string),
      prose: !topics.has(first) || (second === '' && !commands.includes(first)),
    }))
    .filter((use) => !use.prose);

  test('every command in the guide is there', () => {
    expect(commands.length).toBeGreaterThanOrEqual(20);
    expect(uses.length).toBeGreaterThanOrEqual(20);
    expect(uses.map((use) => use.command).filter((command) => !commands.includes(command))).toEqual([]);
  });

  test('every flag in the guide is one of its command', async () => {
    const flagged = uses.filter((use) => use.flags.length > 0);
    expect(flagged.length).toBeGreaterThanOrEqual(10);
    for (const { command, flags } of flagged) {
      const { default: Command } = (await import(pathToFileURL(join(root, 'commands', `${command.replace(' ', '/')}.ts`)).href)) as {
        default: FlaggedCommand;
      };
      const known = Object.keys({ ...Command.baseFlags, ...Command.flags });
      expect({ command, unknown: flags.filter((flag) => !known.includes(flag)) }).toEqual({ command, unknown: [] });
    }
  });
});

interface FlaggedCommand {
  readonly flags?: Record<string, unknown>;
  readonly baseFlags?: Record<string, unknown>;
}

describe('the guide', () => {
  test('has pages that a test can follow', () => {
    const steps = [readPage('README.md'), ...pagesUnder('docs/guide').map(readPage)].flatMap(stepsOf);
    expect(steps.filter((step) => step.do === 'run').length).toBeGreaterThanOrEqual(10);
    expect(steps.filter((step) => step.do === 'write').length).toBeGreaterThanOrEqual(6);
  });

  test('leads from page to page, past each of them once, as its last lines say', () => {
    const pages = pagesUnder('docs/guide');
    const way: string[] = [];
    for (let path = pages[0]; path !== undefined && pages.includes(path) && !way.includes(path); ) {
      way.push(path);
      const [next = ''] = linksOf(readPage(path).trimEnd().split('\n').at(-1) ?? '');
      path = join(dirname(path), next);
    }
    expect(way.toSorted()).toEqual(pages);
  });

  test('a page is read as a reader follows it', () => {
    const fence = '```';
    const page = [
      `${fence}ts\n// a.ts\nlet a;\n${fence}`,
      `${fence}ts\nlet notAFile;\n${fence}`,
      `${fence}sh\nnpx bgtask server start   # terminal 1\nnpx tsx a.ts\n${fence}`,
      `${fence}text\nrun … is (done)\n${fence}`,
      `<!-- not run -->\n${fence}sh\nnpm ci\n${fence}`,
    ].join('\n\n');
    expect(blocksOf(page)).toHaveLength(5);
    expect(stepsOf(page)).toEqual([
      { do: 'write', file: 'a.ts', text: '// a.ts\nlet a;\n' },
      { do: 'start', line: 'npx bgtask server start' },
      { do: 'run', line: 'npx tsx a.ts', says: 'run … is (done)\n' },
    ]);
    expect('first\nrun 5 is (done)\n').toMatch(patternOf('run … is (done)\n'));
    expect('run 5 is done\n').not.toMatch(patternOf('run … is (done)\n'));
  });
});

describe('docs/guide/05-options.md', () => {
  const page = readPage('docs/guide/05-options.md');
  const options = (heading: string) =>
    rowsOf(page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
      .slice(1)
      .map((row) => row[0] as string);
  /** The keys of an interface of src/task/types.ts. */
  const keysOf = (name: string) => {
    const body = new RegExp(`export interface ${name}\\b[^{]*{([\\s\\S]*?)^}`, 'm').exec(read('src/task/types.ts'))?.[1] ?? '';
    return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, key]) => key);
  };

  test.each([
    ['Of a task', 'TaskOptions'],
    ['Of one call', 'RunOptions'],
  ])('"%s" lists every option of %s, in its order', (heading, name) => {
    expect(keysOf(name).length).toBeGreaterThanOrEqual(10);
    expect(options(heading)).toEqual(keysOf(name));
  });

  test('lists every hook', () => {
    const hooks = read('src/task/types.ts').match(/\bon[A-Z]\w+(?=\(hook)/g) ?? [];
    expect(hooks.length).toBeGreaterThanOrEqual(7);
    for (const hook of hooks) expect(page).toContain(hook);
  });
});

describe('the promises of README.md', () => {
  const rows = rowsOf(readPage('README.md').split('\n## What it promises')[1]?.split('\n## ')[0] ?? '').slice(1);

  test('each name the test that proves them', () => {
    const proofs = rows.map(([, proof = '']) => /\]\((\S+)\): “(.*)”$/.exec(proof)?.slice(1) ?? []);
    expect(proofs.length).toBeGreaterThanOrEqual(10);
    expect(proofs.filter(([file = '', title = '']) => !existsSync(join(root, file)) || !read(file).includes(`'${title}'`))).toEqual([]);
  });
});

describe('docs/commands.md', () => {
  const page = readPage('docs/commands.md');
  const { commands } = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, { id: string; hidden?: boolean; flags: Record<string, { name: string; hidden?: boolean }> }>;
  };
  const shown = Object.values(commands).filter(({ hidden }) => !hidden);

  test.each(shown.map(({ id, flags }) => [id.replaceAll(':', ' '), flags] as const))(
    'tells of %s and its flags; if not, run: npm run docs:commands',
    (name, flags) => {
      const own = page.split(`\n## bgtask ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      const names = name === 'help' ? [] : Object.values(flags).filter(({ hidden }) => !hidden); // help helps by its words alone
      expect(names.filter((flag) => !new RegExp(`--(\\[no-\\])?${flag.name}\\b`).test(own)).map((flag) => flag.name)).toEqual([]);
      expect(own).toContain('USAGE');
    },
  );

  test('tells of no command that is gone', () => {
    const told = [...page.matchAll(/^## bgtask (.+)$/gm)].map(([, name]) => name).sort();
    expect(told).toEqual(shown.map(({ id }) => id.replaceAll(':', ' ')).sort());
  });
});
