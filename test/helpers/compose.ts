/** A compose file as the processes that it means: the commands and the environment of its containers, with a mapping of what only a container has. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Health {
  readonly test: readonly string[];
}
export interface Service {
  readonly command: readonly string[];
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly env_file?: readonly string[];
  readonly hostname?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly deploy?: { readonly replicas?: number };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: Health;
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly stop_grace_period?: string;
}
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** With its anchors and merges followed. */
export function readCompose(path: string): Compose {
  return parse(readFileSync(path, 'utf8'), { merge: true }) as Compose;
}

/** `ENV` of a Dockerfile. */
export function imageEnvironment(path: string): Record<string, string> {
  const [, said = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(readFileSync(path, 'utf8')) ?? [];
  return Object.fromEntries(said.split(/[\s\\]+/).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** `HEALTHCHECK` of a Dockerfile, as a compose file would say it; `undefined` where it has none. */
export function imageHealth(path: string): Health | undefined {
  const [, words] = /^HEALTHCHECK[\s\S]*?CMD (\[.*\])$/m.exec(readFileSync(path, 'utf8')) ?? [];
  return words === undefined ? undefined : { test: ['CMD', ...(JSON.parse(words) as string[])] };
}

/** `CMD` or `CMD-SHELL` of a health check as a line for a shell; compose writes a dollar twice. */
export function healthLine({ test }: Health): string {
  const [kind, ...words] = test;
  const plain = words.map((word) => word.replaceAll('$$', '$'));
  return kind === 'CMD-SHELL' ? `sh -c ${quoted(plain[0] ?? '')}` : commandLine(plain);
}

export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
