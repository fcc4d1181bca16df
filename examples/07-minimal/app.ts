import { taskRef } from 'bgtask';
import Fastify from 'fastify';
import type { printValue } from './tasks.ts';

const app = Fastify();
const schema = { body: { type: 'object', required: ['value'], properties: { value: {} } } };

app.post<{ Body: { value: unknown } }>('/', { schema }, async ({ body }) => {
  const { id } = await taskRef<typeof printValue>('printValue').delay(body.value);
  return { message: `submitted run ${id}` };
});

console.log(`Listening on ${await app.listen({ port: Number(process.env.PORT ?? 8000) })}`);
