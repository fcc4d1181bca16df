/** Where bgtask keeps its own files on this machine. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Home {
  /** Profiles. */
  readonly config: string;
  /** The default store, server records, the key of servers without a store folder. */
  readonly data: string;
}

/** `BGTASK_HOME` for both where it is set; else the platform's folders. */
export function homeFolders(env: Environment = process.env, platform: string = process.platform): Home {
  if (env.BGTASK_HOME) return { config: resolve(env.BGTASK_HOME), data: resolve(env.BGTASK_HOME) };
  const windows = platform === 'win32' ? env.LOCALAPPDATA : undefined;
  const user = env.HOME || homedir();
  return {
    config: join(env.XDG_CONFIG_HOME || windows || join(user, '.config'), 'bgtask'),
    data: join(env.XDG_DATA_HOME || windows || join(user, '.local', 'share'), 'bgtask'),
  };
}
