/**
 * What all commands share: settings from flags, a client that is closed when the command ends, one way to print and one to fail.
 * With commands/ the only place that knows oclif. It loads nothing that `--help` does not need.
 */
import { Command } from '@oclif/core/command';
import type { Client } from '../client/client.ts';
import { loadSettings, type Overrides, SETTINGS, type Settings } from '../config/config.ts';
import { addressOf } from '../config/servers.ts';
import { escapePainted } from '../core/text.ts';
import { apiFlags, commonFlags } from './flags.ts';
import { checkSwitches, type FlagDefinitions, namingFlags, variablesOf } from './origins.ts';
import { toJson } from './text.ts';
import type { WorkerConsole } from './worker-console.ts';

const JSON_INDENT = 2;

/** A command that reads and prints; stdout carries data only, everything else goes to stderr. */
export abstract class BgtaskCommand extends Command {
  static override baseFlags: typeof commonFlags = commonFlags;
  /** It goes on when nobody reads its output any more. */
  protected readonly outlivesReader: boolean = false;
  readonly #closers: (() => Promise<void>)[] = [];
  #settings: Settings | undefined;

  protected override async init(): Promise<void> {
    await super.init();
    checkSwitches(this.#flagDefinitions());
    if (!this.outlivesReader) leaveWithReader();
  }

  /** The settings, with what the flags of this command say about them. */
  protected settings(flags: Readonly<Record<string, unknown>>): Settings {
    const overrides = this.overrides(flags);
    this.#settings = namingFlags(() => loadSettings(overrides));
    return this.#settings;
  }

  /** What flags say about settings. A value that oclif took from the environment is left to config.ts, which knows where it stood. */
  protected overrides(flags: Readonly<Record<string, unknown>>): Overrides {
    const definitions = this.#flagDefinitions();
    const said = SETTINGS.map(({ key, env }) => ({ key, env, name: key.toLowerCase().replaceAll('_', '-') }));
    const typed = said.filter(({ env, name }) => definitions[name]?.env === env && flags[name] !== process.env[env]);
    return Object.fromEntries(typed.filter(({ name }) => typeof flags[name] === 'string').map(({ key, name }) => [key, flags[name]]));
  }

  /** A client of the server that `settings` name; closed when the command ends. */
  protected async connect(settings: Settings): Promise<Client> {
    const [{ createClient }, { nodeTransport }] = await Promise.all([import('../client/client.ts'), import('../client/node.ts')]);
    const client = createClient({ address: addressOf(settings), transport: nodeTransport() });
    this.atEnd(() => client.close());
    return client;
  }

  /** Calls `close` when the command ends, however it ends. */
  protected atEnd(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  override log(message = '', ...values: unknown[]): void {
    super.log(escapePainted(message), ...values);
  }

  /** Text as it is, for a pipe. */
  protected logBare(text: string): void {
    super.log(text);
  }

  override logToStderr(message = '', ...values: unknown[]): void {
    super.logToStderr(escapePainted(message), ...values);
  }

  /** A message for a person, on stderr. With `--json` there is nobody to tell. */
  protected note(text: string): void {
    this.logToStderr(text);
  }

  /** For a command that goes on after it: `value` with `--json`, else `text`. */
  protected print(value: unknown, text: string): void {
    if (this.jsonEnabled()) this.logJson(value);
    else this.log(text);
  }

  /** One line of a JSON stream. */
  protected logJsonLine(value: unknown): void {
    process.stdout.write(`${toJson(value)}\n`);
  }

  /** Whether a person sits before a terminal that can show something live. */
  protected isLive(): boolean {
    return process.stdin.isTTY && process.stdout.isTTY && !process.env.CI && process.env.TERM !== 'dumb' && !this.jsonEnabled();
  }

  /** The console of a worker in this process; `write` takes its lines where they do not go to stdout as they are. */
  protected async workerConsole(settings: Settings, write?: (line: string) => void): Promise<WorkerConsole> {
    const [{ WorkerConsole }, { terminalWidth }] = await Promise.all([import('./worker-console.ts'), import('./table.ts')]);
    const plainly = (line: string): void => void process.stdout.write(`${line}\n`);
    const where = write ? { write } : { write: plainly, columns: terminalWidth };
    const shown = { json: this.jsonEnabled(), level: settings.logLevel, shortIds: process.stdout.isTTY };
    return new WorkerConsole({ ...shown, ...where, now: () => new Date() });
  }

  override jsonEnabled(): boolean {
    const end = this.argv.indexOf('--');
    const typed = end < 0 ? this.argv : this.argv.slice(0, end);
    return typed.includes('--json') || /^(1|true|yes|y)$/i.test(process.env.BGTASK_JSON ?? '');
  }

  override logJson(value: unknown): void {
    process.stdout.write(`${toJson(value, JSON_INDENT)}\n`);
  }

  /** Prints `error` and gives it the exit code of the table; a process started by bin/ then ends with it. */
  protected override async catch(error: Error): Promise<void> {
    if ((error as { code?: unknown }).code === 'EEXIT') throw error; // `this.exit`: said already what there was to say
    const { failureJson, failureOf, failureText } = await import('./errors.ts');
    const flags = this.#flagDefinitions();
    const variables = variablesOf(flags, this.argv);
    const [example] = this.ctor.examples ?? [];
    const failure = failureOf(error, {
      ...{ commandId: this.id, flagNames: Object.keys(flags), variables, settings: this.#settings },
      ...(typeof example === 'string' && { example: example.replace('<%= config.bin %>', this.config.bin) }),
    });
    if (this.jsonEnabled()) this.logJson(failureJson(failure));
    else process.stderr.write(`${failureText(failure, error.stack)}\n`);
    process.exitCode = failure.exit;
    throw Object.assign(error, { oclif: { exit: failure.exit }, skipOclifErrorHandling: true });
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await super.finally(error);
  }

  #flagDefinitions(): FlagDefinitions {
    return { ...this.ctor.baseFlags, ...this.ctor.flags };
  }
}

/** A command that talks to a server. */
export abstract class ApiCommand extends BgtaskCommand {
  static override baseFlags: typeof apiFlags = apiFlags;
}

let leaving = false;

/** `| head` has read enough: there is nobody to tell, and nothing went wrong. */
function leaveWithReader(): void {
  if (leaving) return;
  leaving = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
}
