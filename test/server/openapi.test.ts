/** The OpenAPI page says what the server does, because it is made from it. */
import { expect, test } from 'vitest';
import { openApi } from '../../src/server/openapi.ts';
import { ROUTES } from '../../src/server/routes.ts';
import { start } from './started.ts';

interface Operation {
  readonly responses: Record<string, unknown>;
  readonly parameters: { name: string; in: string }[];
  readonly requestBody?: { content: { 'application/json': { schema: { $ref?: string } } } };
}
interface Page {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, { properties?: Record<string, unknown>; required?: string[] }> };
}
const page = openApi(ROUTES, '1.2.3') as Page;

test('each route is there with its answers, and nothing else', () => {
  const told = Object.entries(page.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(told.sort()).toEqual(ROUTES.map((route) => `${route.method} ${route.path.replace(/:(\w+)/, '{$1}')}`).sort());
  for (const route of ROUTES) {
    const operation = page.paths[route.path.replace(/:(\w+)/, '{$1}')]?.[route.method.toLowerCase()];
    expect(Object.keys(operation?.responses ?? {})).toEqual([...Object.keys(route.answers), 'default']);
  }
});

test('every reference leads somewhere', () => {
  const names = [...JSON.stringify(page).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name as string);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(page.components.schemas).toHaveProperty([name]);
});

test('the body of a submit is the schema that checks it', () => {
  const body = page.paths['/api/runs']?.post?.requestBody?.content['application/json'].schema;
  expect(body).toEqual({ $ref: '#/components/schemas/SubmitRequest' });
  expect(page.components.schemas.SubmitRequest).toMatchObject({ required: ['task'], additionalProperties: false });
  expect(Object.keys(page.components.schemas.SubmitOptions?.properties ?? {})).toContain('idempotencyKey');
});

test('path and query stand as parameters', () => {
  expect(page.paths['/api/runs']?.get?.parameters.map((one) => one.name)).toEqual(['state', 'task', 'tag', 'text', 'limit', 'cursor']);
  expect(page.paths['/api/runs/{id}']?.get?.parameters).toMatchObject([{ name: 'id', in: 'path', required: true }]);
});

test('it is served', async () => {
  const served = (await (await start()).ask('/api/openapi.json')).json<Page>();
  expect(served).toEqual(JSON.parse(JSON.stringify(page)));
  expect(served.openapi).toBe('3.1.0');
});
