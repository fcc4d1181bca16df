/** `GET /api/openapi.json`: the route table and the schemas, printed. Nothing is written down twice. */
import { z } from 'zod';
import type { Route } from './routes.ts';
import { components, errorBody } from './schemas.ts';

const REF = '#/components/schemas/';
const SKETCH = { unrepresentable: 'any', io: 'input' } as const;

/** An OpenAPI 3.1 document. */
export function openApi(routes: readonly Route[], version: string): object {
  const { schemas } = z.toJSONSchema(components, { ...SKETCH, uri: (id) => REF + id });
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'bgtask', version, description: 'Background tasks: submit runs, look at them, cancel them.' },
    security: [{ key: [] }],
    paths,
    components: { schemas, securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  };
}

function operation({ path, summary, query, body, answers }: Route): object {
  const fields = query ? Object.entries(query.shape) : [];
  return {
    summary,
    ...(path === '/api/health' ? { security: [] } : {}),
    parameters: [
      ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...fields.map(([name, schema]) => ({ name, in: 'query', required: false, schema: schemaOf(schema as z.ZodType) })),
    ],
    ...(body
      ? { requestBody: { required: !body.safeParse({}).success, content: { 'application/json': { schema: schemaOf(body) } } } }
      : {}),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, schema]) => [status, answer(schema)])),
      default: { description: 'Refused', ...content(errorBody) },
    },
  };
}

function answer(schema: z.ZodType | null): object {
  return { description: 'Done', ...(schema ? content(schema) : {}) };
}

function content(schema: z.ZodType): object {
  return { content: { 'application/json': { schema: schemaOf(schema) } } };
}

/** A reference where the schema has a name; an array of named ones keeps the name of its items. */
function schemaOf(schema: z.ZodType): object {
  const known = components.get(schema);
  if (known) return { $ref: REF + known.id };
  if (schema instanceof z.ZodArray) return { type: 'array', items: schemaOf(schema.element as z.ZodType) };
  const { $schema: _, ...plain } = z.toJSONSchema(schema, SKETCH);
  return plain;
}
