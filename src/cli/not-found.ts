/** What oclif calls when no command has the name that was typed: says which one was meant, and never guesses for the user. */
import { ExitError } from '@oclif/core/errors';
import type { Hook } from '@oclif/core/hooks';
import { nearest } from '../config/nearest.ts';
import { EXIT, failureJson, failureOf, failureText } from './errors.ts';
import { toJson } from './text.ts';
import { UsageError } from './usage.ts';

const JSON_INDENT = 2;

const commandNotFound: Hook.CommandNotFound = async ({ id, argv = [], config }) => {
  const typed = id.replaceAll(':', ' ');
  const names = config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '));
  const failure = failureOf(new UsageError(`There is no command ${JSON.stringify(typed)}.`, suggestions(typed, names)));
  if (argv.includes('--json')) process.stdout.write(`${toJson(failureJson(failure), JSON_INDENT)}\n`);
  else process.stderr.write(`${failureText(failure)}\n`);
  throw new ExitError(EXIT.usage);
};

export { commandNotFound };

/**
 * The nearest command to the words typed, or to the first of them: what follows may have been meant as its arguments. Where none is
 * near, those that end in the first word: their topic was left out.
 */
function suggestions(typed: string, names: readonly string[]): string[] {
  const words = typed.split(' ');
  const topics = words.length > 1 ? [] : new Set(names.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0] as string));
  const known = [...names, ...topics];
  const near = [words.length, 2, 1].map((length) => nearest(words.slice(0, length).join(' '), known)).find((name) => name !== null);
  const meant = near ? [near] : names.filter((name) => name.endsWith(` ${words[0]}`));
  return [...meant.map((name) => `Did you mean: bgtask ${name}`), 'All commands: bgtask --help'];
}
