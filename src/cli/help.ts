/**
 * Help as a terminal shows it: a usage line breaks between its parts and never inside one, and of each flag comes first what it does,
 * then its default and its variable. What is not said here is oclif's.
 */
import { stripVTControlCharacters } from 'node:util';
import { CommandHelp, Help } from '@oclif/core/help';

/** The page of one command. */
export class CommandPage extends CommandHelp {
  /** Flags of every command come last: they say least. */
  protected override usage(): string {
    const parts = this.defaultUsage().replace('<%= command.id %>', '').match(PART) ?? [];
    const isGlobal = (part: string): boolean => GLOBAL.some((name) => new RegExp(`^\\[--${name}[ \\]]`).test(part));
    const words = [...parts.filter((part) => !isGlobal(part)), ...parts.filter(isGlobal)];
    const start = `$ ${this.config.bin} ${this.command.id.replaceAll(':', ' ')}`;
    return fill(start, words, this.opts.maxWidth - this.indentSpacing).join('\n');
  }

  /** The summary stands above the page already. */
  protected override description(): string | undefined {
    return this.command.description === undefined ? undefined : this.wrap(this.command.description);
  }

  protected override flags(flags: Parameters<CommandHelp['flags']>[0]): ReturnType<CommandHelp['flags']> {
    const turned = (text: string): string => text.replace(ORIGIN, (_, origin: string, said: string) => `${said} ${unbroken(origin)}`);
    return super.flags(flags)?.map(([label, text]) => [label, text && turned(text)]);
  }

  /** Where there is no room beside the labels oclif puts the texts below them, two columns too wide. */
  override renderList(...[input, options]: Parameters<CommandHelp['renderList']>): string {
    const list = super.renderList(input, options);
    const room = this.opts.maxWidth - this.indentSpacing;
    if (list.split('\n').every((line) => stripVTControlCharacters(line).length <= room)) return list;
    return super.renderList(input, { ...options, multiline: true, indentation: options.indentation + this.indentSpacing });
  }

  override generate(): string {
    return super.generate().replaceAll(NO_BREAK, ' ');
  }
}

/** What `--help` and `help` print. */
export class BgtaskHelp extends Help {
  protected override CommandHelpClass = CommandPage;

  /** What is asked about may be misspelt: then the same answer as where it is typed as a command. */
  override async showHelp(argv: string[]): Promise<void> {
    try {
      await super.showHelp(argv);
    } catch (error) {
      const id = /^Command (.*) not found\.$/.exec((error as Error).message)?.[1];
      if (id !== undefined) await this.config.runHook('command_not_found', { id, argv });
      throw error;
    }
  }
}

const GLOBAL = ['json', 'profile', 'api-url'];
/** One argument, or one flag with all that stands in its brackets. */
const PART = /\[[^\]]*\]|\([^)]*\)|\S+/g;
/** How oclif begins what it says of a flag. */
const ORIGIN = /^(\[(?:default|env): .*?\]) (\S.*)$/s;
const INDENT = '    ';
/** Stands for a blank at which no line may break. */
const NO_BREAK = '\u00a0';

/** `[default: 10, env: NAME]` in two pieces. */
function unbroken(origin: string): string {
  return origin.replaceAll(': ', `:${NO_BREAK}`);
}

/** `start` and then `words`, as many on a line as `width` holds; a word that is longer has a line of its own. */
function fill(start: string, words: readonly string[], width: number): string[] {
  const lines = [start];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= width) lines[lines.length - 1] = line;
    else lines.push(INDENT + word);
  }
  return lines;
}
