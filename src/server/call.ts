/**
 * One call of the HTTP API: what a route is given, the forms its answers have, and what most of them do first. What each does stands in
 * routes.ts.
 */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { RUN_ID, type ServerLimits } from '../core/protocol.ts';
import type { Run } from '../core/run.ts';
import type { Clock } from '../core/seams.ts';
import type { Store } from '../store/store.ts';
import { errorBody as errorOf, JSON_TYPE, type Refusal, Refused, refusalHeaders, refuse } from './answer.ts';
import type { Dispatcher } from './dispatcher.ts';
import * as schema from './schemas.ts';
import type { Show } from './shown.ts';

/** What the routes stand on. */
export interface Api {
  readonly dispatcher: Dispatcher;
  readonly store: Store;
  readonly clock: Clock;
  readonly version: string;
  readonly limits: ServerLimits;
  readonly show: Show;
  /** Known once the server listens. */
  readonly url: () => string;
  readonly startedAt: number;
  /** A task was paused or goes on: waiting runs are shown differently. */
  readonly onPaused: () => void;
}
export interface Call {
  readonly api: Api;
  readonly incoming: IncomingMessage;
  /** From the path, decoded. */
  readonly param: string;
  readonly query: Readonly<Record<string, readonly string[]>>;
}
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, { status, headers: { 'content-type': JSON_TYPE, ...headers } });
}

export function refused(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Response {
  return text(refusal.status, JSON.stringify(errorOf(refusal)), { ...refusalHeaders(refusal), ...headers });
}

export function json(value: unknown): Response {
  return text(200, JSON.stringify(value));
}

export async function runOf({ api, param }: Call): Promise<Run> {
  const run = await api.store.get(idOf(param));
  if (!run) throw new Refused(noSuchRun(param));
  return run;
}

export function idOf(param: string): string {
  if (RUN_ID.test(param)) return param;
  throw new Refused(refuse(400, 'invalid_id', 'A run id has 1 to 64 of the characters A-Z a-z 0-9 _ -'));
}

export function noSuchRun(id: string): Refusal {
  return refuse(404, 'not_found', `There is no run ${id}. It never was, or was removed after its time.`);
}

/** Each key once, but `state`, which may stand often or hold several, separated by commas. */
export function checkedQuery<S extends z.ZodObject>(query: S, said: Call['query']): z.infer<S> {
  const values = Object.entries(said).map(([key, all]) => {
    if (key !== 'state' && all.length > 1) throw new Refused(refuse(400, 'invalid_request', `${key}: stands more than once.`));
    return [key, key === 'state' ? all.flatMap((one) => one.split(',')) : all[0]] as const;
  });
  const result = query.safeParse(Object.fromEntries(values));
  if (result.success) return result.data;
  throw new Refused(refuse(400, 'invalid_request', `${schema.explain(result.error)}.`));
}
