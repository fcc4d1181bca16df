/** Flags and arguments that commands share. Every flag has its environment variable: a setting its own, any other one by `withEnv`. */
import { string as stringArg } from '@oclif/core/args';
import { boolean, custom, string } from '@oclif/core/flags';
import { type Key, settingOf } from '../config/config.ts';
import { homeFolders } from '../config/home.ts';
import { nearest } from '../config/nearest.ts';
import type { RunFilter } from '../core/api.ts';
import { RUN_STATES, type RunState } from '../core/run.ts';
import { tildePath } from './text.ts';
import { UsageError } from './usage.ts';

/**
 * The flag that says a setting. Its text is read by config.ts, as from any other source. `showsDefault`: in its help, that of the
 * setting or this text; looked up when the help is shown, since it may be a folder of the user.
 */
export function settingFlag(
  key: Key,
  { showsDefault, ...options }: { helpValue: string; helpGroup?: string; description?: string; showsDefault?: true | string },
) {
  const setting = settingOf(key);
  const defaultHelp = async () => (typeof showsDefault === 'string' ? showsDefault : homely(setting.default(homeFolders())));
  return string({
    env: setting.env,
    description: setting.describe,
    ...options,
    ...(showsDefault && { defaultHelp, noCacheDefault: true }),
  });
}

function homely(text: string | null): string | undefined {
  return text?.replace(/(?<=^file:).*/s, (folder) => tildePath(folder));
}

/** Gives each flag `BGTASK_<SCOPE>_<FLAG>`. Long-lived commands have no scope: theirs are named as an operator would write them. */
export function withEnv<T extends Record<string, { env?: string }>>(scope: string, flags: T): T {
  for (const [name, flag] of Object.entries(flags)) flag.env ??= ['BGTASK', scope, upper(name)].filter(Boolean).join('_');
  return flags;
}

/** On every command. */
export const commonFlags = {
  json: boolean({ description: 'print JSON on stdout and nothing else there', helpGroup: 'GLOBAL', env: 'BGTASK_JSON' }),
  profile: settingFlag('PROFILE', { helpValue: 'NAME', helpGroup: 'GLOBAL' }),
};

/** On every command that talks to a server. The key has none: what stands in a command line can be seen by others. */
export const apiFlags = {
  ...commonFlags,
  'api-url': settingFlag('API_URL', {
    helpValue: 'URL',
    helpGroup: 'GLOBAL',
    description: 'where the server answers; default: http://127.0.0.1:4200',
  }),
};

/** Which runs are meant. Several values: given again, or parted by commas. */
export function filterFlags(scope: string) {
  return withEnv(scope, {
    state: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'STATE',
      description: `only runs in this state: ${RUN_STATES.join(', ')}`,
    }),
    task: string({ helpValue: 'TASK', description: 'only runs of this task' }),
    tag: string({ helpValue: 'TAG', description: 'only runs with this tag' }),
  });
}

/** For commands that take several runs: by id, or by what they are. */
export function bulkFlags(scope: string) {
  return withEnv(scope, { ...filterFlags(scope), yes: boolean({ char: 'y', description: 'do not ask, also on a terminal' }) });
}

/** Secrets are hidden from people by default: a screen is seen by others. */
export function revealFlags(scope: string) {
  return withEnv(scope, { reveal: boolean({ description: 'show values whose key speaks of a password, secret, token, key or auth' }) });
}

/** A whole number from `least`, by default 0, to `most`. */
export const wholeFlag = custom<number, { most: number; least?: number }>({
  helpValue: 'N',
  async parse(text, _context, { most, least = 0 }) {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= least && number <= most))
      throw new UsageError(`expected a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
    return number;
  },
});

export interface FilterFlags {
  /** One text where it comes from the environment. */
  readonly state?: readonly string[] | string | undefined;
  readonly task?: string | undefined;
  readonly tag?: string | undefined;
}

/** @throws {UsageError} A state is none; names the nearest. */
export function filterOf({ state, task, tag }: FilterFlags): RunFilter {
  const states = listed(state).map(stateOf);
  return { ...(states.length > 0 && { state: states }), ...(task !== undefined && { task }), ...(tag !== undefined && { tag }) };
}

/** The values of a flag that can be given again. */
export function listed(values: readonly string[] | string | undefined): string[] {
  return [values ?? []].flat().flatMap((text) => text.split(',').filter(Boolean));
}

/** oclif would take a missing argument from stdin and hang or guess; never here. */
export function runIdArg() {
  return stringArg({ required: true, ignoreStdin: true, description: 'id of the run, or the last 8 characters of it' });
}

export function workerNameArg() {
  return stringArg({ required: true, ignoreStdin: true, description: 'name of the workers, as `worker ls` shows it' });
}

export function runIdArgs(options: { required?: boolean } = {}) {
  return stringArg({ multiple: true, ignoreStdin: true, description: 'ids of runs, or the last 8 characters of each', ...options });
}

function stateOf(text: string): RunState {
  const state = RUN_STATES.find((known) => known === text.toUpperCase());
  if (state) return state;
  const near = nearest(text, RUN_STATES);
  throw new UsageError(`--state: there is no state ${JSON.stringify(text)}${near ? `; did you mean ${near}?` : '.'}`, [
    `States: ${RUN_STATES.join(', ')}`,
  ]);
}

function upper(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
