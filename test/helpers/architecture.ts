/**
 * Reads docs/ARCHITECTURE.md and the sources it speaks of: which part a file belongs to, what each file imports, what each is for.
 * The test holds one against the other; `npm run docs:files` writes the parts of the page that are made from it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const PAGE = 'docs/ARCHITECTURE.md';

export interface Part {
  readonly name: string;
  /** Folders end in a slash; the longest that fits a file is its part. */
  readonly path: string;
  /** The foreign packages that may be imported, and where: the whole part, or one file of it. */
  readonly packages: readonly { readonly name: string; readonly home: string }[];
}
export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** Files of `to` that may be imported; empty: all of them. */
  readonly doors: readonly string[];
}
export interface Source {
  readonly file: string;
  readonly purpose: string;
  readonly lines: number;
  /** Files of this project, by path from its root. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

/** Rows of the first table after `heading`, without its head; backquotes are left out. */
function table(page: string, heading: string): string[][] {
  const lines = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0]?.split('\n') ?? [];
  return lines
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('`', '').trim()),
    );
}

const list = (cell: string) => (cell === '–' ? [] : cell.split(',').map((item) => item.trim()));

export function readPage(): string {
  return readFileSync(root + PAGE, 'utf8');
}

export function readParts(page: string): Part[] {
  return table(page, 'Parts').map(([name = '', path = '', , packages = '–']) => ({
    name,
    path,
    packages: list(packages).map((item) => {
      const [, pkg = item, file] = /^(\S+) \((\S+)\)$/.exec(item) ?? [];
      return { name: pkg, home: file ? path + file : path };
    }),
  }));
}

export function readArrows(page: string): Arrow[] {
  return table(page, 'Who imports whom').map(([from = '', to = '', doors = '']) => ({
    from,
    to,
    doors: doors === 'any' ? [] : list(doors),
  }));
}

export function partOf(parts: readonly Part[], file: string): Part | undefined {
  return parts.filter((part) => file.startsWith(part.path)).sort((a, b) => b.path.length - a.path.length)[0];
}

export function filesUnder(folder: string, ending: RegExp): string[] {
  if (!existsSync(root + folder)) return [];
  return readdirSync(root + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => posix.join(entry.parentPath.slice(root.length), entry.name))
    .sort();
}

export function readSources(): Source[] {
  return ['src', 'commands'].flatMap((folder) => filesUnder(folder, /\.tsx?$/)).map(readSource);
}

function readSource(file: string): Source {
  const text = readFileSync(root + file, 'utf8');
  const names = ts.preProcessFile(text, true, true).importedFiles.map((imported) => imported.fileName);
  const foreign = names.filter((name) => !name.startsWith('.') && name !== '#tui' && !isBuiltin(name));
  return {
    file,
    purpose: purposeOf(text),
    lines: text.split('\n').length - 1,
    imports: names.filter((name) => name.startsWith('.') || name === '#tui').map((name) => resolve(file, name)),
    packages: [...new Set(foreign.map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/')))],
  };
}

function resolve(file: string, name: string): string {
  return name === '#tui' ? 'src/tui/app.tsx' : posix.join(posix.dirname(file), name);
}

/** The first sentence of the comment a file starts with; of a command, what it says of itself. */
function purposeOf(text: string): string {
  const comment = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1];
  const said = comment ?? /static (?:override )?(?:readonly )?summary\s*=\s*(['"`])([\s\S]*?)\1/.exec(text)?.[2] ?? '';
  const plain = said
    .replaceAll(/\n\s*\* ?/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return (/^.*?\.(?= [A-Z]|$)/.exec(plain)?.[0] ?? plain).replaceAll('|', '\\|');
}

/** The floor of each part: one above the highest part it imports. */
export function floors(parts: readonly Part[], arrows: readonly Arrow[]): Map<string, number> {
  const floor = new Map<string, number>();
  const of = (name: string, path: readonly string[]): number => {
    if (path.includes(name)) throw new Error(`The parts import each other in a circle: ${[...path, name].join(' → ')}`);
    const known = floor.get(name);
    if (known !== undefined) return known;
    const below = arrows.filter((arrow) => arrow.from === name).map((arrow) => of(arrow.to, [...path, name]));
    floor.set(name, 1 + Math.max(0, ...below));
    return floor.get(name) as number;
  };
  for (const part of parts) of(part.name, []);
  return floor;
}

/** A circle among files, or null. */
export function circle(sources: readonly Source[]): string[] | null {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of byFile.get(file)?.imports ?? []) {
      const found = visit(next, [...path, file]);
      if (found) return found;
    }
    done.add(file);
    return null;
  };
  for (const { file } of sources) {
    const found = visit(file, []);
    if (found) return found;
  }
  return null;
}

/** The generated parts of the page, by the name in their markers. */
export function generated(page: string, sources: readonly Source[]): Record<string, string> {
  const parts = readParts(page);
  return { picture: picture(parts, readArrows(page)), files: fileTables(parts, sources) };
}

function picture(parts: readonly Part[], arrows: readonly Arrow[]): string {
  const floor = floors(parts, arrows);
  const top = Math.max(...floor.values());
  const width = Math.max(...parts.map((part) => part.name.length));
  const lines = Array.from({ length: top }, (_, index) => top - index).flatMap((level) =>
    parts
      .filter((part) => floor.get(part.name) === level)
      .map((part, index) => {
        const below = arrows.filter((arrow) => arrow.from === part.name).map((arrow) => arrow.to);
        const head = index === 0 ? `floor ${level}` : '       ';
        return `${head} │ ${part.name.padEnd(width)} ${below.length > 0 ? `──▶ ${below.join(', ')}` : '    (nothing)'}`;
      }),
  );
  return ['```text', ...lines, '```'].join('\n');
}

function fileTables(parts: readonly Part[], sources: readonly Source[]): string {
  return parts
    .map((part) => {
      const own = sources.filter((source) => partOf(parts, source.file) === part);
      const rows = own.map(({ file, purpose }) => `| \`${file}\` | ${purpose} |`);
      return [`### ${part.name}`, '', '| file | what it is for |', '|---|---|', ...rows].join('\n');
    })
    .join('\n\n');
}

const markers = (name: string) => [`<!-- ${name}: npm run docs:files writes this -->`, `<!-- end of ${name} -->`] as const;

export function readGenerated(page: string, name: string): string | undefined {
  const [start, end] = markers(name);
  return page.split(start)[1]?.split(end)[0]?.trim();
}

export function withGenerated(page: string, made: Readonly<Record<string, string>>): string {
  return Object.entries(made).reduce((text, [name, body]) => {
    const [start, end] = markers(name);
    const [before, rest] = text.split(start);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place marked "${start}"`);
    return `${before}${start}\n${body}\n${end}${after}`;
  }, page);
}
