import { serve } from '@hono/node-server';
import { taskRef } from 'bgtask';
import { Hono } from 'hono';
import type { greet } from './tasks.ts';

const app = new Hono();

app.get('/', (c) => c.text('Hello, world!'));

app.get('/task', async (c) => {
  const future = await taskRef<typeof greet>('greet').delay('Trillian');
  return c.json({ message: `Task submitted: ${future.id}` });
});

const { HOST = '127.0.0.1', PORT = '8000' } = process.env;
const server = serve({ fetch: app.fetch, hostname: HOST, port: Number(PORT) }, () => console.log(`Listening on http://${HOST}:${PORT}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
