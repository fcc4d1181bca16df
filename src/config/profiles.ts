/**
 * Named sets of settings in `profiles.json`. Values stand there as text, as they were given; config.ts reads them. The text is read
 * by this file's adapter alone, so that a program that only reads settings need not load lowdb.
 */
import { join } from 'node:path';
import type { Adapter } from 'lowdb';
import { ConfigError } from '../core/errors.ts';
import { readText, writePrivately } from './files.ts';
import type { Home } from './home.ts';
import { nearest } from './nearest.ts';

export type Profile = Readonly<Record<string, string>>;
export interface Profiles {
  /** The profile that counts where neither a flag nor the environment names one. */
  active: string;
  profiles: Record<string, Profile>;
}

/** It is always there and cannot be deleted or renamed. */
export const DEFAULT_PROFILE = 'default';
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export function profilesFile(home: Home): string {
  return join(home.config, 'profiles.json');
}

export function readProfiles(home: Home): Profiles {
  return parseProfiles(readText(profilesFile(home)), profilesFile(home));
}

/** Reads the profiles, lets `change` alter them, and writes them back. Nothing is written where `change` throws. */
export async function changeProfiles(home: Home, change: (draft: Profiles) => void): Promise<void> {
  const { Low } = await import('lowdb');
  const db = new Low<Profiles>(new PrivateJsonFile(profilesFile(home)), emptyProfiles());
  await db.read();
  change(db.data);
  await db.write();
}

/** The settings of a profile that must be there. @throws {ConfigError} There is none of that name. */
export function profileNamed({ profiles }: Profiles, name: string, source: ConfigError['source']): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile) return profile;
  const near = nearest(name, Object.keys(profiles));
  throw new ConfigError(`There is no profile ${JSON.stringify(name)}${near ? `; did you mean ${near}?` : '.'}`, source, [
    ...(source === 'env' ? ['It is named by BGTASK_PROFILE in the environment'] : []),
    'List the profiles: bgtask profile ls',
    `Or create it: bgtask profile create ${NAME.test(name) ? name : 'NAME'}`,
  ]);
}

/** @throws {ConfigError} A new profile cannot have this name. */
export function checkNewName({ profiles }: Profiles, name: string): void {
  if (!NAME.test(name)) {
    throw new ConfigError(`${JSON.stringify(name)} is no name for a profile; use letters, digits, dot, dash and underscore.`, 'flag');
  }
  if (Object.hasOwn(profiles, name)) throw new ConfigError(`There is a profile ${name} already.`, 'flag', ['bgtask profile ls']);
}

function emptyProfiles(): Profiles {
  return { active: DEFAULT_PROFILE, profiles: { [DEFAULT_PROFILE]: {} } };
}

/** lowdb's own file adapters neither sync nor care who may read the file. */
class PrivateJsonFile implements Adapter<Profiles> {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }
  read(): Promise<Profiles> {
    return Promise.resolve(parseProfiles(readText(this.#path), this.#path));
  }
  write(data: Profiles): Promise<void> {
    writePrivately(this.#path, `${JSON.stringify(data, null, 2)}\n`);
    return Promise.resolve();
  }
}

function parseProfiles(text: string | null, path: string): Profiles {
  if (text === null) return emptyProfiles();
  const found = parseJson(text);
  if (!isProfiles(found)) {
    throw new ConfigError(`${path} is not a file of profiles that bgtask can read.`, 'profile', [
      'Mend it, or move it away and start anew',
    ]);
  }
  return { active: found.active, profiles: { ...emptyProfiles().profiles, ...found.profiles } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')); // an editor on Windows may have written that first
  } catch {
    return undefined;
  }
}

function isProfiles(found: unknown): found is Profiles {
  const { active, profiles } = (found ?? {}) as { active?: unknown; profiles?: unknown };
  return typeof active === 'string' && isRecord(profiles) && Object.values(profiles).every(isTexts);
}

function isTexts(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
