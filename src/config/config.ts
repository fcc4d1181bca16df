/**
 * The settings: one table says of each what it means, where it comes from and what it may be. Precedence: flag, then environment,
 * then the active profile, then the default. Commands, client and worker read them here and nowhere else.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../core/errors.ts';
import type { ServerLimits } from '../core/protocol.ts';
import { readText } from './files.ts';
import { type Environment, type Home, homeFolders } from './home.ts';
import { type KeepFor, readKeep, settleKeep } from './keep.ts';
import { readLimits, settleLimits } from './limits.ts';
import { nearest } from './nearest.ts';
import { DEFAULT_PROFILE, type Profile, type Profiles, profileNamed, profilesFile, readProfiles } from './profiles.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const KEYS = ['API_URL', 'API_KEY', 'HOME', 'STORE', 'KEEP_COMPLETED', 'KEEP_FAILED', 'LIMITS', 'LIMIT', 'LOG_LEVEL', 'PROFILE'] as const;
export type Key = (typeof KEYS)[number];
export type Source = ConfigError['source'];
/** What flags say, as text. */
export type Overrides = Partial<Record<Key, string>>;

export interface Setting {
  readonly key: Key;
  readonly env: string;
  /** As text, as every other source gives it; null: none. */
  default(home: Home): string | null;
  /** The text in its settled form. Throws a sentence that says what was expected. */
  parse(text: string): string;
  readonly describe: string;
  /** Shown as `***` in lists. Its variable with `_FILE` behind it names a file to read it from, as containers hand secrets over. */
  readonly secret?: true;
  /** Says where profiles are found, so it cannot stand in one. */
  readonly outsideProfiles?: true;
}

export const SETTINGS: readonly Setting[] = [
  {
    key: 'API_URL',
    env: 'BGTASK_API_URL',
    default: () => 'http://127.0.0.1:4200/api',
    parse: parseApiUrl,
    describe: 'where the server answers, with or without /api',
  },
  {
    key: 'API_KEY',
    env: 'BGTASK_API_KEY',
    default: () => null,
    parse: parseApiKey,
    describe: 'the key of the server; default: what the local server at API_URL left for its user',
    secret: true,
  },
  {
    key: 'HOME',
    env: 'BGTASK_HOME',
    default: (home) => home.data,
    parse: (text) => resolve(text),
    describe: 'the folder of profiles, server records and the default store; default: the folders of the platform',
    outsideProfiles: true,
  },
  {
    key: 'STORE',
    env: 'BGTASK_STORE',
    default: (home) => `file:${join(home.data, 'store')}`,
    parse: parseStore,
    describe: 'where a server keeps its runs: file:<folder> or memory:',
  },
  keepSetting('KEEP_COMPLETED', '7d,50000', 'COMPLETED, CANCELLED and EXPIRED'),
  keepSetting('KEEP_FAILED', '30d,10000', 'FAILED and CRASHED'),
  { key: 'LIMIT', env: 'BGTASK_LIMIT', default: () => '10', parse: parseLimit, describe: 'runs a worker takes at once' },
  {
    key: 'LIMITS',
    env: 'BGTASK_LIMITS',
    default: () => null,
    parse: settleLimits,
    describe: 'what a server takes in and holds back, where not as usual: openRuns=500000,logRunBytes=50MiB',
  },
  {
    key: 'LOG_LEVEL',
    env: 'BGTASK_LOG_LEVEL',
    default: () => 'info',
    parse: parseLogLevel,
    describe: `what server and worker tell on their console: ${LOG_LEVELS.join(', ')}`,
  },
  {
    key: 'PROFILE',
    env: 'BGTASK_PROFILE',
    default: () => DEFAULT_PROFILE,
    parse: (text) => text,
    describe: 'the named set of settings that counts',
    outsideProfiles: true,
  },
];

function keepSetting(key: 'KEEP_COMPLETED' | 'KEEP_FAILED', usual: string, states: string): Setting {
  const describe = `how old and how many a server lets ${states} runs become, as in ${usual}`;
  return { key, env: `BGTASK_${key}`, default: () => usual, parse: (text) => settleKeep(text, usual), describe };
}

export interface Settings {
  /** Base of the HTTP API, as in `http://127.0.0.1:4200/api`. */
  readonly apiUrl: string;
  readonly apiKey: string | null;
  readonly home: Home;
  /** `file:<absolute folder>` or `memory:`. */
  readonly store: string;
  readonly keep: { readonly completed: KeepFor; readonly failed: KeepFor };
  /** Of a server that is started here. */
  readonly limits: ServerLimits;
  readonly limit: number;
  readonly logLevel: LogLevel;
  readonly profile: string;
  readonly sources: Readonly<Record<Key, Source>>;
}

/** One setting as it was found, before it is read. */
export interface Found {
  readonly setting: Setting;
  readonly text: string | null;
  readonly source: Source;
  /** The variable that named the file `text` comes from, and that file. */
  readonly from?: { readonly variable: string; readonly file: string };
  /** The profile `text` comes from, and the file it stands in. */
  readonly in?: { readonly profile: string; readonly file: string };
}

/** The key as it was meant, with or without `BGTASK_`. @throws {ConfigError} It is none; names the nearest one. */
export function settingOf(key: string): Setting {
  const bare = key.replace(/^BGTASK_/, '');
  const setting = SETTINGS.find((candidate) => candidate.key === bare);
  if (setting) return setting;
  const near = nearest(bare, KEYS);
  throw new ConfigError(`There is no setting ${JSON.stringify(key)}${near ? `; did you mean ${near}?` : '.'}`, 'flag', [
    `The settings are ${KEYS.join(', ')}`,
  ]);
}

/** Every setting with its source. Unreadable values are found too, so that they can be shown and mended. */
export function findSettings(overrides: Overrides = {}, env: Environment = process.env): Found[] {
  return gather(overrides, env).found;
}

/**
 * The settings that count. An empty environment variable is as none; unknown `BGTASK_*` variables are ignored.
 * @param overrides What flags say, as text.
 * @throws {ConfigError} A value is not what its setting takes, or the profile has a key that is no setting.
 */
export function loadSettings(overrides: Overrides = {}, env: Environment = process.env): Settings {
  const { home, profile, profileName, found } = gather(overrides, env);
  checkKeys(profile, profileName);
  const texts = Object.fromEntries(found.map((one) => [one.setting.key, readFound(one)])) as Record<Key, string | null>;
  return {
    apiUrl: texts.API_URL as string,
    apiKey: texts.API_KEY,
    home,
    store: texts.STORE as string,
    keep: { completed: readKeep(texts.KEEP_COMPLETED as string), failed: readKeep(texts.KEEP_FAILED as string) },
    limits: readLimits(texts.LIMITS),
    limit: Number(texts.LIMIT),
    logLevel: texts.LOG_LEVEL as LogLevel,
    profile: profileName,
    sources: Object.fromEntries(found.map((one) => [one.setting.key, one.source])) as Record<Key, Source>,
  };
}

/** `text` as `setting` keeps it. @throws {ConfigError} It is not what the setting takes. */
export function readSetting(setting: Setting, text: string, source: Source, { said, suggestions }: Said = { said: setting.key }): string {
  try {
    return setting.parse(text);
  } catch (error) {
    const value = setting.secret ? '' : ` is ${JSON.stringify(text)}`;
    throw new ConfigError(`${said}${value}: ${(error as Error).message}.`, source, suggestions);
  }
}

function readFound(found: Found): string | null {
  const { setting, text, source, from } = found;
  if (from && !text)
    throw new ConfigError(`${from.variable} in the environment is ${JSON.stringify(from.file)}: ${problemOf(from)}.`, source);
  return text === null ? null : readSetting(setting, text, source, whereSaid(found));
}

function problemOf({ file }: { file: string }): string {
  try {
    return readText(file) === null ? 'there is no such file' : 'the file is empty';
  } catch (error) {
    return `it cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
}

/** Where a value was said, in words, and how it is mended there. */
interface Said {
  readonly said: string;
  readonly suggestions?: readonly string[];
}

function whereSaid({ setting, source, from, in: kept }: Found): Said {
  if (source === 'env') return { said: `${from?.variable ?? setting.env} in the environment` };
  if (kept === undefined) return { said: setting.key };
  const there = kept.profile === DEFAULT_PROFILE ? '' : ` --profile ${kept.profile}`;
  const suggestions = [
    `Set it anew: bgtask config set ${setting.key}=VALUE${there}`,
    `Or take it out: bgtask config unset ${setting.key}${there}`,
  ];
  return { said: `${setting.key} in the profile ${kept.profile} (${kept.file})`, suggestions };
}

function gather(overrides: Overrides, env: Environment): { home: Home; profile: Profile; profileName: string; found: Found[] } {
  const home = homeFolders(overrides.HOME ? { ...env, BGTASK_HOME: overrides.HOME } : env);
  const profiles = readProfiles(home);
  const used = profileInUse(profiles, overrides, env);
  const profile = profileNamed(profiles, used.text, used.source);
  const found = SETTINGS.map((setting) => {
    if (setting.key === 'PROFILE') return { setting, ...used };
    const one = find(setting, overrides, env, profile, home);
    return one.source === 'profile' ? { ...one, in: { profile: used.text, file: profilesFile(home) } } : one;
  });
  return { home, profile, profileName: used.text, found };
}

function profileInUse(profiles: Profiles, overrides: Overrides, env: Environment): { text: string; source: Source } {
  if (overrides.PROFILE) return { text: overrides.PROFILE, source: 'flag' };
  if (env.BGTASK_PROFILE) return { text: env.BGTASK_PROFILE, source: 'env' };
  return { text: profiles.active, source: profiles.active === DEFAULT_PROFILE ? 'default' : 'profile' };
}

function find(setting: Setting, overrides: Overrides, env: Environment, profile: Profile, home: Home): Found {
  const flag = overrides[setting.key];
  if (flag !== undefined) return { setting, text: flag, source: 'flag' };
  const variable = env[setting.env];
  if (variable) return { setting, text: variable, source: 'env' };
  const file = setting.secret && env[`${setting.env}_FILE`];
  if (file) return { setting, text: textOf(file), source: 'env', from: { variable: `${setting.env}_FILE`, file } };
  const kept = setting.outsideProfiles ? undefined : profile[setting.key];
  if (kept !== undefined) return { setting, text: kept, source: 'profile' };
  return { setting, text: setting.default(home), source: 'default' };
}

/** Null where it cannot be read: lists show settings that are wrong, too. */
function textOf(file: string): string | null {
  try {
    return readText(file)?.trim() ?? null;
  } catch {
    return null;
  }
}

function checkKeys(profile: Profile, name: string): void {
  for (const key of Object.keys(profile)) {
    if (SETTINGS.some((setting) => setting.key === key && !setting.outsideProfiles)) continue;
    const near = nearest(
      key,
      SETTINGS.filter((setting) => !setting.outsideProfiles).map((setting) => setting.key),
    );
    throw new ConfigError(`The profile ${name} has ${JSON.stringify(key)}, which is no setting${near ? `; ${near} is.` : '.'}`, 'profile', [
      `Take it out: bgtask config unset ${key}`,
    ]);
  }
}

function parseApiUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const wanted = 'expected an address such as http://127.0.0.1:4200';
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new Error(wanted);
  if (url.username || url.password) throw new Error('it must not hold a name or key; set API_KEY');
  if (url.search || url.hash) throw new Error(`${wanted}, without ? and #`);
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path.endsWith('/api') ? path : `${path}/api`}`;
}

function parseApiKey(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new Error('expected the text that `bgtask auth token` prints, without spaces');
  return text;
}

function parseStore(text: string): string {
  if (text === 'memory:') return text;
  const named = /^([a-z][a-z0-9+.-]+):(.*)$/s.exec(text);
  if (named && named[1] !== 'file') throw new Error('expected file:<folder> or memory:');
  if (text.startsWith('file://')) return `file:${fileURLToPath(text)}`;
  const folder = named ? (named[2] as string) : text;
  if (folder === '') throw new Error('expected a folder after file:');
  return `file:${resolve(folder.replace(/^~(?=\/|$)/, () => homedir()))}`;
}

function parseLimit(text: string): string {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 10_000) throw new Error('expected a whole number from 1 to 10000');
  return String(limit);
}

function parseLogLevel(text: string): string {
  if (!LOG_LEVELS.includes(text as LogLevel)) throw new Error(`expected one of ${LOG_LEVELS.join(', ')}`);
  return text;
}
