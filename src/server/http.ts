/**
 * The HTTP API: serves the table of routes.ts and turns whatever goes wrong into an error of the API's own form.
 * Who may come in was decided before (guard.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { INTERNAL, Refused, refusalOfError, refuse } from './answer.ts';
import { type Api, refused, text } from './call.ts';
import { openApi } from './openapi.ts';
import { ROUTES, type Route } from './routes.ts';

/** Every request is answered within this time, whatever the disk does. */
const ANSWER_MS = 30_000;

type Env = { Bindings: HttpBindings };

/** `onError` hears of what should not happen; the caller is told no more than that it did. */
export function httpListener(api: Api, onError: (error: unknown) => void): (request: IncomingMessage, response: ServerResponse) => void {
  const app = new Hono<Env>();
  const routes = [...ROUTES, openApiRoute(api)];
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    for (const route of here) app.on(route.method, path, (context) => answer(api, route, context));
    const allow = here.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
    app.all(path, () => refused(refuse(405, 'method_not_allowed', `Allowed here: ${allow}.`), { allow }));
  }
  app.notFound(() => refused(refuse(404, 'not_found', 'There is no such path. See /api/openapi.json for what there is.')));
  app.onError((error) => {
    const refusal = refusalOfError(error);
    if (refusal === INTERNAL) onError(error);
    return refused(refusal);
  });
  const listener = getRequestListener((request, env) => app.fetch(request, env));
  return (request, response) => void listener(request, response).catch(onError);
}

function openApiRoute(api: Api): Route {
  const page = JSON.stringify(openApi(ROUTES, api.version));
  return { method: 'GET', path: '/api/openapi.json', summary: 'This page.', answers: { 200: null }, handle: () => text(200, page) };
}

async function answer(api: Api, route: Route, context: Context<Env>): Promise<Response> {
  const { incoming } = context.env;
  const query = context.req.queries();
  if (!route.query && Object.keys(query).length > 0) return refused(refuse(400, 'invalid_request', 'No query is taken here.'));
  const param = context.req.param('id') ?? context.req.param('name') ?? '';
  const answered = route.handle({ api, incoming, param, query });
  return answered instanceof Promise ? withDeadline(api, answered) : answered;
}

function withDeadline(api: Api, answered: Promise<Response>): Promise<Response> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Refused(refuse(503, 'too_slow', 'The store did not answer in time. Send it again with the same id.')));
    const timer = api.clock.after(ANSWER_MS, late, true);
    answered.then(resolve, reject).finally(() => timer.cancel());
  });
}
