/**
 * How a command fails: the exit code of each error, and its words for a person or as JSON. Loaded only when something went wrong.
 * A stack is shown for mistakes of bgtask itself, and only where DEBUG asks for it.
 */

import { stripVTControlCharacters } from 'node:util';
import type { Settings } from '../config/config.ts';
import { nearest } from '../config/nearest.ts';
import { BgtaskError, ConfigError, NOT_BGTASK, RefusedError, ServerUnreachableError, UnauthorizedError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import { nameVariables, type Variables } from './origins.ts';
import { paint } from './text.ts';

/** The table of docs/commands.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  damaged: 65,
  unreachable: 69,
  unsafe: 73,
  io: 74,
  busy: 75,
  unauthorized: 77,
  config: 78,
} as const;

const BY_CODE: Readonly<Record<string, number>> = {
  BGTASK_USAGE: EXIT.usage,
  BGTASK_INVALID_OPTION: EXIT.usage,
  BGTASK_INVALID_INPUT: EXIT.usage,
  BGTASK_VALUE_NOT_STORABLE: EXIT.usage,
  BGTASK_SERVER_UNREACHABLE: EXIT.unreachable,
  BGTASK_UNAUTHORIZED: EXIT.unauthorized,
  BGTASK_WAIT_TIMEOUT: EXIT.busy,
  BGTASK_PORT_TAKEN: EXIT.busy,
  BGTASK_NOT_IN_TIME: EXIT.busy,
  EADDRINUSE: EXIT.busy,
  EADDRNOTAVAIL: EXIT.config,
  EACCES: EXIT.unauthorized,
  EPERM: EXIT.unauthorized,
  ENOSPC: EXIT.io,
  EDQUOT: EXIT.io,
  EIO: EXIT.io,
  EROFS: EXIT.io,
};

/** HTTP statuses of a refusal that are no plain failure. */
const BY_STATUS: Readonly<Record<number, number>> = {
  400: EXIT.usage,
  401: EXIT.unauthorized,
  403: EXIT.unauthorized,
  429: EXIT.busy,
  503: EXIT.busy,
  507: EXIT.io,
};

/** An error in the form that is printed. */
export interface Failure {
  readonly exit: number;
  readonly code: string;
  readonly message: string;
  readonly suggestions: readonly string[];
  /** Nobody's mistake but ours: `stack` helps. */
  readonly unexpected: boolean;
}

/** What oclif's own errors carry. */
interface Thrown {
  readonly message?: string;
  readonly code?: unknown;
  readonly exitCode?: unknown;
  readonly suggestions?: readonly string[];
  readonly oclif?: { readonly exit?: number };
  /** On an error about flags that the command does not have. */
  readonly flags?: readonly string[];
  /** On an error about arguments: those that are missing, or the texts that are too many. */
  readonly args?: readonly ({ readonly name: string; readonly description?: string } | string)[];
}

/** What helps to say what was meant, and where it came from. */
export interface Circumstances {
  readonly commandId?: string | undefined;
  readonly flagNames?: readonly string[];
  /** One that works, for who left out a part of it. */
  readonly example?: string | undefined;
  /** Of the flags whose value the environment says. */
  readonly variables?: Variables;
  /** The settings, as far as they were read: who said which server is asked, and with which key. */
  readonly settings?: (Pick<Settings, 'profile'> & { readonly sources: Pick<Settings['sources'], 'API_URL' | 'API_KEY'> }) | undefined;
}

export function failureOf(error: unknown, circumstances: Circumstances = {}): Failure {
  const thrown = (error ?? {}) as Thrown;
  const known = knownAs(error);
  const text = known === 'oclif' ? oclifText(thrown) : (thrown.message ?? String(error));
  const code = { oclif: 'BGTASK_USAGE', own: String(thrown.code), unknown: 'BGTASK_UNEXPECTED' }[known];
  const told = atOrigin({ exit: exitCodeOf(error), code, message: plain(text), unexpected: known === 'unknown' }, circumstances);
  if (known === 'oclif') return { ...told, suggestions: usageSuggestions(thrown, told.message, circumstances) };
  const said = [...(thrown.suggestions ?? []), ...whyThere(error, circumstances), ...whoseFile(error)];
  const unhelpful = said.length === 0 && ABOUT_FLAGS.has(code) && circumstances.commandId !== undefined;
  return { ...told, suggestions: unhelpful ? [moreOf(circumstances)] : said };
}

function knownAs(error: unknown): 'own' | 'oclif' | 'unknown' {
  if (error instanceof BgtaskError || isSystemError(error)) return 'own';
  return (error as Thrown | undefined)?.oclif?.exit === undefined ? 'unknown' : 'oclif';
}

const ABOUT_FLAGS = new Set(['BGTASK_USAGE', 'BGTASK_INVALID_OPTION']);

/** Named by what its reader can change. A wrong variable is no mistake of the one who typed the command, but a wrong configuration. */
function atOrigin<Told extends Omit<Failure, 'suggestions'>>(told: Told, { variables = {} }: Circumstances): Told {
  if (!ABOUT_FLAGS.has(told.code)) return told;
  const message = nameVariables(told.message, variables);
  return message === told.message ? told : { ...told, message, code: 'BGTASK_CONFIG', exit: EXIT.config };
}

/** Who said that the server is there, or which key it takes, where that was not found by default. */
function whyThere(error: unknown, { settings }: Circumstances): string[] {
  if (error instanceof ServerUnreachableError) return from('The address', 'API_URL', settings);
  return error instanceof UnauthorizedError ? from('The key', 'API_KEY', settings) : [];
}

function from(what: string, key: 'API_URL' | 'API_KEY', settings: Circumstances['settings']): string[] {
  const source = settings?.sources[key] ?? 'default';
  if (settings === undefined || source === 'default') return [];
  const places = { flag: '--api-url', env: `BGTASK_${key} in the environment`, profile: `the profile ${settings.profile}` };
  return [`${what} comes from ${places[source]}`];
}

/** What the process ends with after `error`. */
export function exitCodeOf(error: unknown): number {
  const { exitCode, code, oclif } = (error ?? {}) as Thrown;
  if (typeof exitCode === 'number') return exitCode;
  if (error instanceof ConfigError) return error.source === 'flag' ? EXIT.usage : EXIT.config;
  if (error instanceof RefusedError) return error.reason === NOT_BGTASK ? EXIT.unreachable : (BY_STATUS[error.status] ?? EXIT.failed);
  if (isClosedFile(error)) return EXIT.unsafe;
  return (typeof code === 'string' ? BY_CODE[code] : undefined) ?? oclif?.exit ?? EXIT.failed;
}

export function failureJson({ code, message, suggestions }: Failure): { error: Pick<Failure, 'code' | 'message' | 'suggestions'> } {
  return { error: { code, message, suggestions } };
}

/** Lines for a person, on stderr. */
export function failureText(failure: Failure, stack?: string): string {
  const head = failure.unexpected ? 'Unexpected error' : 'Error';
  const lines = [`${paint('bold', paint('red', `${head}:`, process.stderr), process.stderr)} ${escapeText(failure.message)}`];
  for (const suggestion of failure.suggestions) lines.push(`  ${paint('dim', '→', process.stderr)} ${escapeText(suggestion)}`);
  if (failure.unexpected) lines.push(process.env.DEBUG && stack ? escapeText(stack) : '  Run it again with DEBUG=bgtask to see where.');
  return lines.join('\n');
}

/** What oclif says without its colours; which arguments are missing in our words. */
function oclifText({ message = '', args }: Thrown): string {
  const missing = (args ?? []).filter((arg) => typeof arg !== 'string');
  if (missing.length > 0) return missing.map(({ name, description }) => `${name.toUpperCase()} is missing: ${description}.`).join('\n');
  return stripVTControlCharacters(message);
}

/** In the voice of this program. oclif wraps what a flag's parser says, and ends each parse error in the same sentence. */
function plain(message: string): string {
  return message
    .replace(/\n?See more help with --help$/, '')
    .replace(/^Parsing (--\S+) \n\t/, '$1: ')
    .replace(/^The following errors? occurred:\s+/, '')
    .replace(/^Missing required flag (\S+)/, '--$1 is missing.')
    .replace(/^Flag (--\S+) expects a value$/, '$1 is without its value.')
    .replace(/^All of the following must be provided when using (.*): (.*)$/, '$1 goes with $2.')
    .replace(/^(.*) cannot also be provided when using (.*)$/, '$1 does not go with $2.')
    .replace(/^Unexpected arguments?: (.*)$/, 'Too many arguments: $1.')
    .replace(/^Nonexistent flag: (.*)$/, 'There is no flag $1.')
    .replace(/^Nonexistent flags: (.*)$/, 'There are no flags $1.')
    .trimEnd();
}

function usageSuggestions({ flags, args, suggestions }: Thrown, message: string, circumstances: Circumstances): string[] {
  const { flagNames = [], example } = circumstances;
  const meant = (flags ?? []).map((flag) => nearest(flag.replace(/^-+(no-)?/, '').replace(/=.*/s, ''), flagNames));
  const near = meant.filter((flag) => flag !== null).map((flag) => `Did you mean --${flag}?`);
  const shown = example !== undefined && / is missing\b/.test(message) ? [`For example: ${example}`] : [];
  const ids = args?.some((arg) => typeof arg !== 'string' && arg.name === 'id') ? ['Ids of runs: bgtask task ls --no-live'] : [];
  return [...(suggestions ?? []), ...near, ...shown, ...ids, moreOf(circumstances)];
}

function moreOf({ commandId = '' }: Circumstances): string {
  return `More: bgtask ${commandId.replaceAll(':', ' ')} --help`.replace('  ', ' ');
}

/** A file or folder that this user may not read or write. */
function isClosedFile(error: unknown): error is NodeJS.ErrnoException & { path: string } {
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  return isSystemError(error) && (code === 'EACCES' || code === 'EPERM') && typeof path === 'string';
}

function whoseFile(error: unknown): string[] {
  return isClosedFile(error)
    ? [`See who owns it: ls -ld ${error.path}`, 'Or keep the files elsewhere: set BGTASK_HOME in the environment']
    : [];
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
