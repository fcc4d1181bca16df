import { taskRef } from 'bgtask';
import Fastify from 'fastify';
import type { greet } from './tasks.ts'; // only the type: the app loads nothing that its tasks need

const app = Fastify();

app.get('/', async () => 'Hello, world!');

app.get('/task', async () => {
  const future = await taskRef<typeof greet>('greet').delay('Trillian');
  return { message: `Task submitted: ${future.id}` };
});

const { HOST = '127.0.0.1', PORT = '8000' } = process.env;
console.log(`Listening on ${await app.listen({ host: HOST, port: Number(PORT) })}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
