/**
 * The pages of the docs as data: their links, their code blocks, the commands in them.
 * A `ts` block that starts with `// name.ts` is that file. A `sh` block is typed line by line; `# terminal …` behind a command leaves it
 * running. A `text` block right after it is what the last command says, with `…` for whatever differs. `<!-- not run -->` before a block leaves it out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  readonly language: string;
  readonly body: string;
  readonly skipped: boolean;
  /** Nothing stands between it and the block before. */
  readonly follows: boolean;
}

export function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function pagesUnder(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

export function blocksOf(page: string): Block[] {
  let end = 0;
  return [...page.matchAll(/(<!-- not run[^>]*-->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [whole, skip, language = '', body = ''] = match;
    const follows = page.slice(end, match.index).trim() === '';
    end = match.index + whole.length;
    return { language, body, skipped: skip !== undefined, follows };
  });
}

export type Step =
  | { readonly do: 'write'; readonly file: string; readonly text: string }
  | { readonly do: 'start'; readonly line: string }
  | { readonly do: 'run'; readonly line: string; readonly says: string | null };

/** What a reader does who follows the page from top to bottom. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  for (const block of blocksOf(page)) {
    if (block.skipped) continue;
    if (block.language === 'ts') steps.push(...fileOf(block.body));
    if (block.language === 'sh') steps.push(...commandsOf(block.body));
    const last = steps.at(-1);
    if (block.language === 'text' && block.follows && last?.do === 'run') steps[steps.length - 1] = { ...last, says: block.body };
  }
  return steps;
}

function fileOf(text: string): Step[] {
  const file = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1];
  return file ? [{ do: 'write', file, text }] : [];
}

function commandsOf(body: string): Step[] {
  return body
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, command = line, remark = ''] = /^(.*?)(?:\s+#\s(.*))?$/.exec(line) ?? [];
      return /^terminal/.test(remark) && isLasting(command) ? { do: 'start', line: command } : { do: 'run', line: command, says: null };
    });
}

function isLasting(command: string): boolean {
  return /\b(server start|task serve|tsx watch)\b/.test(command) && !command.includes('--background');
}

/** A pattern of a `text` block: line by line, `…` for anything. */
export function patternOf(text: string): RegExp {
  const lines = text.trimEnd().split('\n');
  const parts = lines.map((line) => line.trimEnd().split('…').map(literally).join('.*'));
  return new RegExp(parts.join('\\s*\\n'));
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Links inside the repository: `[text](path#anchor)`. */
export function linksOf(page: string): string[] {
  const prose = page.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a page as GitHub makes them. */
export function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

/** Rows of every table of a page, cells without backquotes. */
export function rowsOf(page: string): string[][] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .replaceAll('\\|', '\u0000')
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('\u0000', '|').replaceAll('`', '').trim()),
    );
}
