import { RefusedError, RunNotFoundError, ServerUnreachableError, taskRef } from 'bgtask';
import fastify from 'fastify';
import type { getHelp as GetHelp } from './tasks.ts';

/** By its name and type alone: neither `openai` nor its key come into this process. */
const getHelp = taskRef<typeof GetHelp>('getHelp');
const LONGEST_QUESTION = 4_096;

const app = fastify({ bodyLimit: LONGEST_QUESTION });
// A question is the text of the body, whatever its content type says: curl --data calls it a form.
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

app.post<{ Body: string | undefined }>('/question', async ({ body }, reply) => {
  const question = body?.trim();
  if (!question) return reply.code(400).send({ message: 'Put the question into the body, as text.' });
  const { id } = await getHelp.applyAsync([question], { runName: question.slice(0, 60) });
  return reply.code(202).header('location', `/answer/${id}`).send();
});

app.get<{ Params: { id: string } }>('/answer/:id', async ({ params }, reply) => {
  const run = await getHelp.getRun(params.id).get();
  if (run.state === 'COMPLETED') return reply.type('text/plain').send(run.result);
  if (run.error === null) return reply.code(202).send({ state: run.state });
  return reply.code(500).send({ state: run.state, message: run.error.message });
});

app.get('/health', async () => ({ status: 'ok' }));

app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
  if (error instanceof RunNotFoundError) return reply.code(404).send({ message: 'There is no such answer.' });
  const isDown = error instanceof ServerUnreachableError || (error instanceof RefusedError && error.status !== 400);
  if (isDown) return reply.code(503).send({ message: error.message });
  const { statusCode = 500 } = error;
  if (statusCode >= 500) console.error(error);
  return reply.code(statusCode).send({ message: statusCode >= 500 ? 'Something went wrong here.' : error.message });
});

const { HOST = '127.0.0.1', PORT = '8000' } = process.env;
console.log(`Ready for questions at ${await app.listen({ host: HOST, port: Number(PORT) })}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
