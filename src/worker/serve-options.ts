/** Reads what `serve` and `serveFiles` were told: every option is checked, and an unknown one is named. */
import { hostname } from 'node:os';
import type { Address } from '../client/socket.ts';
import { loadSettings } from '../config/config.ts';
import { addressOf } from '../config/servers.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { atLeastOne, callable, duration, givenOptions, optional, text } from '../task/checks.ts';
import type { ServeOptions } from '../task/types.ts';
import type { OnEvent } from './events.ts';
import { GRACE_MS } from './ipc.ts';

export interface WorkerOptions extends ServeOptions {
  /** Where the server is; asked before each try to connect. Default: as the settings say. */
  address?: (() => Promise<Address>) | undefined;
  /** What the worker tells. Default: short lines on stderr, and what the children print. */
  onEvent?: OnEvent | undefined;
}
export interface FileOptions extends WorkerOptions {
  onEvent: OnEvent;
  /** Load again when a file changes that the tasks were loaded from. Default: false. */
  watch?: boolean | undefined;
}

export interface CheckedOptions {
  readonly slots: number;
  readonly name: string;
  readonly processes: number;
  readonly drainMs: number;
  readonly graceMs: number;
  readonly isolation: 'process' | 'none';
  readonly watch: boolean;
  readonly address: () => Promise<Address>;
  readonly onEvent: OnEvent | null;
}

const SERVE = ['limit', 'name', 'processes', 'drain', 'grace', 'isolation', 'address', 'onEvent'];

/** @throws {InvalidOptionError} */
export function checkOptions(options: unknown, owner: 'serve' | 'serveFiles'): CheckedOptions {
  const given = givenOptions(options, [...SERVE, owner === 'serve' ? 'middleware' : 'watch'], 'a worker');
  const what = (key: string) => `Option '${key}' of a worker`;
  const slots = optional(given.limit, what('limit'), atLeastOne, null) ?? loadSettings().limit;
  const processes = optional(given.processes, what('processes'), atLeastOne, 1);
  if (processes > slots) throw new InvalidOptionError(what('processes'), processes, `at most the limit of runs at once, ${slots}`);
  const { isolation = 'process', watch = false, middleware = [] } = given;
  if (isolation !== 'process' && isolation !== 'none') throw new InvalidOptionError(what('isolation'), isolation, "'process' or 'none'");
  if (typeof watch !== 'boolean') throw new InvalidOptionError(what('watch'), watch, 'true or false');
  if (!Array.isArray(middleware) || middleware.some((one) => typeof one !== 'function')) {
    throw new InvalidOptionError(what('middleware'), middleware, 'a list of functions, as in [async (run, next) => { await next(); }]');
  }
  return {
    ...{ slots, processes, isolation, watch },
    name: optional(given.name, what('name'), text, `${hostname()}:${process.pid}`),
    drainMs: optional(given.drain, what('drain'), duration, 30_000),
    graceMs: optional(given.grace, what('grace'), duration, GRACE_MS),
    address: (optional(given.address, what('address'), callable, null) as CheckedOptions['address'] | null) ?? addressOf(loadSettings()),
    onEvent: optional(given.onEvent, what('onEvent'), callable, null) as OnEvent | null,
  };
}
