/**
 * Every route of the HTTP API: what it takes, what it answers, what it does. One table; http.ts serves it and openapi.ts prints it.
 * No rule of a run is here: the dispatcher decides, the store is only read.
 */
import { z } from 'zod';
import type { SubmitRequest } from '../core/api.ts';
import { LIMITS, PROTOCOL, TASK_NAME } from '../core/protocol.ts';
import { isFinal } from '../core/run.ts';
import type { Submitted } from '../store/store.ts';
import { errorBody as errorOf, type Refusal, Refused, refuse, unlessRefused } from './answer.ts';
import { hasBody, parseBatch, parseJson, readText, strayBodyProblem } from './body.ts';
import * as cache from './cached.ts';
import { type Call, checkedQuery, idOf, json, noSuchRun, refused, runOf, text } from './call.ts';
import type { Dispatcher } from './dispatcher.ts';
import { metricsText } from './metrics.ts';
import { repeating } from './repeat.ts';
import * as schema from './schemas.ts';
import { page } from './shown.ts';
import { isRefusal } from './submission.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** By status, the answers beside errors; null: none, or plain text. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  /** @throws {Refused} */
  readonly handle: (call: Call) => Promise<Response> | Response;
}

const ok = z.object({ ok: z.literal(true) });
const version = z.object({ version: z.string(), protocol: z.int() });
const limits = z.record(z.string(), z.number());
const paused = z.object({ name: z.string(), paused: z.boolean() });
/** `workers`: how many of that name are connected now. */
const pausedWorkers = paused.extend({ workers: z.int() });

export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/health', summary: 'Is it up? Needs no key.', answers: { 200: ok }, handle: () => json({ ok: true }) },
  {
    ...{ method: 'GET', path: '/api/version', summary: 'The version of the server and of its sockets.', answers: { 200: version } },
    handle: ({ api }) => json({ version: api.version, protocol: PROTOCOL }),
  },
  {
    method: 'GET',
    path: '/api/limits',
    summary: 'The limits of what is taken in.',
    answers: { 200: limits },
    handle: ({ api }) => json(api.limits),
  },
  { method: 'GET', path: '/api/status', summary: 'The server in one look.', answers: { 200: schema.serverStatus }, handle: status },
  { method: 'GET', path: '/metrics', summary: 'Numbers for Prometheus.', answers: { 200: null }, handle: metrics },
  {
    ...{ method: 'POST', path: '/api/runs', summary: 'Submits one run. 201: new; 200: it was there already.' },
    ...{ body: schema.submitRequest, answers: { 201: schema.runView, 200: schema.runView } },
    handle: submitOne,
  },
  {
    ...{ method: 'POST', path: '/api/runs/batch', summary: 'Submits many runs in one write.' },
    ...{ body: schema.batchRequest, answers: { 200: schema.batchAnswer } },
    handle: submitBatch,
  },
  {
    ...{ method: 'GET', path: '/api/runs', summary: 'Runs, newest first.', query: schema.listQuery, answers: { 200: schema.runList } },
    handle: list,
  },
  {
    ...{
      method: 'GET',
      path: '/api/runs/count',
      summary: 'How many, by state.',
      query: schema.countQuery,
      answers: { 200: schema.runCounts },
    },
    handle: async ({ api, query }) => json(await api.store.counts(checkedQuery(schema.countQuery, query))),
  },
  {
    ...{ method: 'GET', path: '/api/runs/:id', summary: 'One run with its history.', answers: { 200: schema.runView } },
    handle: async (call) => text(200, call.api.show(await runOf(call), true)),
  },
  {
    ...{ method: 'GET', path: '/api/runs/:id/descendants', summary: 'The runs it started, those these started, and so on.' },
    ...{ answers: { 200: schema.runList }, handle: descendants },
  },
  {
    ...{ method: 'GET', path: '/api/runs/:id/logs', summary: 'What a run wrote.', answers: { 200: z.array(schema.logLine) } },
    handle: async (call) => json(await call.api.store.logs((await runOf(call)).id)),
  },
  {
    method: 'POST',
    path: '/api/runs/:id/cancel',
    summary: 'Cancels a run, and what it started.',
    answers: { 200: schema.runView },
    handle: cancel,
  },
  {
    ...{ method: 'POST', path: '/api/runs/:id/retry', summary: 'Submits a new run that repeats one that ended.' },
    ...{ body: schema.repeatRequest, answers: { 201: schema.runView }, handle: (call) => repeat(call, 'retry') },
  },
  {
    ...{
      method: 'POST',
      path: '/api/runs/:id/replay',
      summary: 'The same of a run in any state, with other arguments where they are given.',
    },
    ...{ body: schema.repeatRequest, answers: { 201: schema.runView }, handle: (call) => repeat(call, 'replay') },
  },
  { method: 'DELETE', path: '/api/runs/:id', summary: 'Removes a run that ended.', answers: { 204: null }, handle: remove },
  {
    ...{ method: 'GET', path: '/api/cache', summary: 'Results that answer for later runs, newest first.' },
    ...{ query: cache.cacheQuery, answers: { 200: cache.cacheList } },
    handle: async ({ api, query }) => json(await cache.listCache(api, checkedQuery(cache.cacheQuery, query))),
  },
  {
    ...{ method: 'DELETE', path: '/api/cache', summary: 'Has them answer no longer; the runs stay.' },
    ...{ query: cache.clearQuery, answers: { 200: cache.cleared } },
    handle: async ({ api, query }) => json(await cache.clearCache(api, checkedQuery(cache.clearQuery, query))),
  },
  {
    ...{ method: 'GET', path: '/api/workers', summary: 'Who takes runs.', answers: { 200: z.array(schema.workerView) } },
    handle: ({ api }) => json(api.dispatcher.workers()),
  },
  {
    ...{ method: 'GET', path: '/api/tasks', summary: 'Tasks that are served or waited for.', answers: { 200: z.array(schema.taskView) } },
    handle: async ({ api }) => json(await api.dispatcher.tasks()),
  },
  {
    ...{ method: 'POST', path: '/api/tasks/:name/pause', summary: 'Hands out no more runs of a task.', answers: { 200: paused } },
    handle: (call) => pauseTask(call, true),
  },
  {
    ...{ method: 'POST', path: '/api/tasks/:name/resume', summary: 'Hands them out again.', answers: { 200: paused } },
    handle: (call) => pauseTask(call, false),
  },
  {
    ...{ method: 'POST', path: '/api/workers/:name/pause', summary: 'Gives no more runs to workers of a name.' },
    ...{ answers: { 200: pausedWorkers }, handle: (call) => pauseWorkers(call, true) },
  },
  {
    ...{ method: 'POST', path: '/api/workers/:name/resume', summary: 'Gives runs to them again.' },
    ...{ answers: { 200: pausedWorkers }, handle: (call) => pauseWorkers(call, false) },
  },
];

async function submitOne({ api, incoming }: Call): Promise<Response> {
  const { value } = unlessRefused(parseJson(unlessRefused(await readText(incoming, api.limits.bodyBytes)), 1));
  const [answer] = await api.dispatcher.submit([unlessRefused(checked(value))]);
  const { run, kind } = unlessRefused(answer as Submitted | Refusal);
  return text(kind === 'new' ? 201 : 200, submittedText(api.show(run, true), kind));
}

async function submitBatch({ api, incoming }: Call): Promise<Response> {
  const body = unlessRefused(await readText(incoming, api.limits.batchBodyBytes));
  const items = unlessRefused(await parseBatch(body, api.limits.bodyBytes, () => api.clock.monotonic()));
  const requests = items.map((item) => ('value' in item ? checked(item.value) : item));
  const answers = await submitAll(api.dispatcher, requests);
  const first = answers[0];
  // Where the server takes nothing at all, that is the answer.
  if (first && isRefusal(first) && first.status > 413 && answers.every((one) => isRefusal(one) && one.code === first.code))
    return refused(first);
  const texts = answers.map((one) => (isRefusal(one) ? JSON.stringify(errorOf(one)) : submittedText(api.show(one.run, false), one.kind)));
  return text(200, `{"runs":[${texts.join(',')}]}`);
}

/** One answer for each, in order; what was refused before takes no part. */
export async function submitAll(
  dispatcher: Dispatcher,
  requests: readonly (SubmitRequest | Refusal)[],
): Promise<readonly (Submitted | Refusal)[]> {
  const good = requests.filter((request): request is SubmitRequest => !isRefusal(request));
  const stored = good.length > 0 ? await dispatcher.submit(good) : [];
  let next = 0;
  return requests.map((request) => (isRefusal(request) ? request : (stored[next++] as Submitted | Refusal)));
}

/** A submit that fits its schema, or why it does not. */
export function checked(value: unknown): SubmitRequest | Refusal {
  const result = schema.submitRequest.safeParse(value);
  return result.success ? result.data : refuse(400, 'invalid_request', `${schema.explain(result.error)}.`);
}

function submittedText(run: string, kind: Submitted['kind']): string {
  return kind === 'deduplicated' ? `${run.slice(0, -1)},"deduplicated":true}` : run;
}

async function list({ api, query }: Call): Promise<Response> {
  const { runs, nextCursor } = await page(api.store, checkedQuery(schema.listQuery, query));
  return text(200, `{"runs":[${runs.map((run) => api.show(run, false)).join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`);
}

/** Parents before their children; no more than a page, and there is no other. */
async function descendants(call: Call): Promise<Response> {
  const { api } = call;
  const runs = await api.store.descendants((await runOf(call)).id, LIMITS.listPage);
  return text(200, `{"runs":[${runs.map((run) => api.show(run, false)).join(',')}],"nextCursor":null}`);
}

async function cancel({ api, incoming, param }: Call): Promise<Response> {
  unlessRefused(strayBodyProblem(incoming));
  const run = await api.dispatcher.cancel(idOf(param), 'Cancelled by a client');
  return run ? text(200, api.show(run, true)) : refused(noSuchRun(param));
}

/** `retry` repeats what ended; `replay` makes a new run beside one that may still go on. */
async function repeat(call: Call, verb: 'retry' | 'replay'): Promise<Response> {
  const { args } = await repeatBody(call);
  const run = await runOf(call);
  if (verb === 'retry' && !isFinal(run)) {
    return refused(refuse(409, 'not_final', `Run ${run.id} is ${run.state}; only a run that ended can be repeated.`));
  }
  const upstream = await Promise.all(run.waitFor.map(({ id }) => call.api.store.get(id)));
  const [answer] = await call.api.dispatcher.submit([repeating(run, args, upstream)]);
  return text(201, call.api.show(unlessRefused(answer as Submitted | Refusal).run, true));
}

async function repeatBody({ api, incoming }: Call): Promise<z.infer<typeof schema.repeatRequest>> {
  if (!hasBody(incoming)) return {};
  const { value } = unlessRefused(parseJson(unlessRefused(await readText(incoming, api.limits.bodyBytes)), 1));
  const result = schema.repeatRequest.safeParse(value);
  if (result.success) return result.data;
  throw new Refused(refuse(400, 'invalid_request', `${schema.explain(result.error)}.`));
}

async function remove(call: Call): Promise<Response> {
  unlessRefused(strayBodyProblem(call.incoming));
  const run = await runOf(call);
  const removed = await call.api.store.remove([run.id]);
  if (removed.length > 0) return new Response(null, { status: 204 });
  return refused(refuse(409, 'not_final', `Run ${run.id} is ${run.state}. Cancel it first: only a run that ended can be removed.`));
}

async function pauseTask({ api, incoming, param }: Call, value: boolean): Promise<Response> {
  unlessRefused(strayBodyProblem(incoming));
  if (!TASK_NAME.test(param)) return refused(refuse(400, 'invalid_task', 'A task name has 1 to 128 of the characters A-Z a-z 0-9 _ . : -'));
  await api.dispatcher.setPaused('task', param, value);
  api.onPaused();
  return json({ name: param, paused: value });
}

async function pauseWorkers({ api, incoming, param }: Call, value: boolean): Promise<Response> {
  unlessRefused(strayBodyProblem(incoming));
  if (!schema.workerName.safeParse(param).success) return refused(refuse(400, 'invalid_request', "No worker's name is as long as that."));
  await api.dispatcher.setPaused('worker', param, value);
  const workers = api.dispatcher.workers().filter(({ name }) => name === param).length;
  return json({ name: param, paused: value, workers });
}

async function status({ api }: Call): Promise<Response> {
  const { url, durability } = api.store;
  const startedAt = new Date(api.startedAt).toISOString();
  const counts = await api.store.counts();
  return json({ url: api.url(), pid: process.pid, store: url, version: api.version, durability, startedAt, counts });
}

async function metrics({ api }: Call): Promise<Response> {
  const [counts, tasks] = await Promise.all([api.store.counts(), api.dispatcher.tasks()]);
  const uptimeS = (api.clock.now() - api.startedAt) / 1_000;
  const body = metricsText({ counts, tasks, workers: api.dispatcher.workers(), uptimeS });
  return text(200, body, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
}
