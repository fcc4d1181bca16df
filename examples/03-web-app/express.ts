import { taskRef } from 'bgtask';
import express from 'express';
import type { greet } from './tasks.ts';

const app = express();

app.get('/', (_request, response) => {
  response.type('text').send('Hello, world!');
});

app.get('/task', async (_request, response) => {
  const future = await taskRef<typeof greet>('greet').delay('Trillian');
  response.json({ message: `Task submitted: ${future.id}` });
});

const { HOST = '127.0.0.1', PORT = '8000' } = process.env;
const server = app.listen(Number(PORT), HOST, () => console.log(`Listening on http://${HOST}:${PORT}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
