/** Commands in this process, each with a home of its own. Loads no server: most commands need none. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core/config';
import { captureOutput } from '@oclif/test';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
  /** stdout as the one JSON value it must be. */
  json<T = unknown>(): T;
}
type Environment = Readonly<Record<string, string | undefined>>;

// Without the build: no compiled commands, no plugins, no hooks.
const pjson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
pjson.oclif = { bin: 'bgtask', dirname: 'bgtask', topicSeparator: ' ' };
const config = await Config.load({ root: ROOT, pjson });

interface CommandClass {
  id: string;
  run(argv: string[], config: Config): Promise<unknown>;
}

/** Runs a command with `env` on top of the environment, which is as it was afterwards. */
export async function bgtask(command: object, argv: readonly string[], env: Environment = {}): Promise<Output> {
  const before = { ...process.env };
  const exitCode = process.exitCode;
  process.exitCode = undefined;
  for (const [key, value] of Object.entries(env)) {
    if (value === undefined) delete process.env[key];
    else process.env[key] = value;
  }
  try {
    const { stdout, stderr, error } = await captureOutput(() => (command as CommandClass).run([...argv], config));
    const exit = (error as { oclif?: { exit?: number } } | undefined)?.oclif?.exit ?? Number(process.exitCode ?? 0);
    return { stdout, stderr: error && exit === 1 && stderr === '' ? String(error.stack) : stderr, exit, json: () => JSON.parse(stdout) };
  } finally {
    process.env = before;
    process.exitCode = exitCode;
  }
}

/** A home in a folder of its own. */
export interface TestHome {
  readonly folder: string;
  readonly env: Record<string, string>;
  remove(): void;
}
export function testHome(): TestHome {
  const folder = mkdtempSync(join(tmpdir(), 'bgtask-cli-'));
  return { folder, env: { BGTASK_HOME: folder }, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
