/** Changes of settings, as `config` and `profile` make them. Values are checked before they are written. */
import { type Found, findSettings, type Overrides, readSetting, SETTINGS, type Setting, settingOf } from '../config/config.ts';
import { homeFolders } from '../config/home.ts';
import { changeProfiles, DEFAULT_PROFILE, profileNamed, readProfiles } from '../config/profiles.ts';
import { ConfigError } from '../core/errors.ts';
import { parsePair, readStdin } from './args.ts';
import { UsageError } from './usage.ts';

const HIDDEN = '***';

/** A setting as `config ls` shows it. */
export interface ShownSetting {
  readonly key: string;
  readonly value: string | null;
  readonly source: Found['source'];
}

/** Every setting that counts, secrets hidden. */
export function shownSettings(overrides: Overrides): ShownSetting[] {
  return findSettings(overrides).map(({ setting, text, source }) => {
    return { key: setting.key, value: setting.secret && text !== null ? HIDDEN : settled(setting, text), source };
  });
}

/** One setting that counts, in full; null: it has no value. */
export function settingValue(key: string, overrides: Overrides): string | null {
  const setting = settingOf(key);
  const found = findSettings(overrides).find((one) => one.setting === setting);
  return found?.text === undefined ? null : settled(setting, found.text);
}

/** Writes `KEY=VALUE` pairs into a profile; all of them or, where one is wrong, none. Answers with the profile and what stands there now. */
export async function setSettings(pairs: readonly string[], overrides: Overrides): Promise<{ profile: string; settings: ShownSetting[] }> {
  const changes = new Map<Setting, string>();
  for (const [key, value] of pairs.map(parsePair)) {
    const setting = profileSetting(key);
    changes.set(setting, readSetting(setting, value === '-' ? await readStdin() : value, 'flag'));
  }
  const name = activeProfile(overrides);
  await changeProfiles(homeFolders(), (draft) => {
    draft.profiles[name] = {
      ...profileNamed(draft, name, 'flag'),
      ...Object.fromEntries([...changes].map(([{ key }, text]) => [key, text])),
    };
  });
  const settings = [...changes].map(([{ key, secret }, text]) => ({ key, value: secret ? HIDDEN : text, source: 'profile' as const }));
  return { profile: name, settings };
}

/** Takes keys out of a profile; those that were not there are nothing to fail for. */
export async function unsetSettings(keys: readonly string[], overrides: Overrides): Promise<{ profile: string; keys: string[] }> {
  const name = activeProfile(overrides);
  const gone: string[] = [];
  await changeProfiles(homeFolders(), (draft) => {
    const kept = { ...profileNamed(draft, name, 'flag') };
    for (const key of keys) {
      const stored = Object.hasOwn(kept, key) ? key : settingOf(key).key; // a key that is no setting can stand there, and must be able to go
      if (Object.hasOwn(kept, stored)) gone.push(stored);
      delete kept[stored];
    }
    draft.profiles[name] = kept;
  });
  return { profile: name, keys: gone };
}

/** What the environment says about `keys` that a profile now says too: it still wins. */
export function overruled(keys: readonly string[]): string[] {
  return SETTINGS.filter(({ key, env }) => keys.includes(key) && process.env[env]).map(({ env }) => env);
}

/** The profile a command works on: the one named, or the one in use. @throws {ConfigError} There is none. */
export function activeProfile(overrides: Overrides): string {
  const found = findSettings(overrides).find((one) => one.setting.key === 'PROFILE');
  return found?.text ?? DEFAULT_PROFILE;
}

/** All profiles with their settings, secrets hidden, and which one is in use. */
export function shownProfiles(): { name: string; active: boolean; settings: Record<string, string> }[] {
  const { profiles } = readProfiles(homeFolders());
  const active = activeProfile({});
  return Object.entries(profiles).map(([name, settings]) => ({ name, active: name === active, settings: hideSecrets(settings) }));
}

function hideSecrets(settings: Readonly<Record<string, string>>): Record<string, string> {
  const secret = (key: string): boolean => SETTINGS.some((setting) => setting.key === key && setting.secret);
  return Object.fromEntries(Object.entries(settings).map(([key, text]) => [key, secret(key) ? HIDDEN : text]));
}

function profileSetting(key: string): Setting {
  const setting = settingOf(key);
  if (!setting.outsideProfiles) return setting;
  const instead = setting.key === 'PROFILE' ? 'bgtask profile use NAME' : `set ${setting.env} in the environment`;
  throw new ConfigError(`${setting.key} says where settings come from, so it cannot stand among them.`, 'flag', [`Instead: ${instead}`]);
}

/** The text as its setting keeps it; as it is where it is wrong, so that it can be seen. */
function settled(setting: Setting, text: string | null): string | null {
  try {
    return text === null ? null : setting.parse(text);
  } catch {
    return text;
  }
}

/** `default` has to be there for those who never heard of profiles. */
export function refuseDefault(name: string, verb: string): void {
  if (name === DEFAULT_PROFILE)
    throw new UsageError(`The profile ${DEFAULT_PROFILE} cannot be ${verb}.`, ['Make another: bgtask profile create NAME']);
}
