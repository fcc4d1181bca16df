import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RefusedError } from 'bgtask';
import Fastify, { type FastifyError, type FastifyRequest } from 'fastify';
import { BadDelivery, type Delivery, readDelivery } from './delivery.ts';
import { handleEvent } from './tasks.ts';

const { HOST = '127.0.0.1', PORT = '8000', WEBHOOK_SECRET, TEST_MODE, REQUESTS_FOLDER = 'requests' } = process.env;
if (!WEBHOOK_SECRET) {
  console.error('WEBHOOK_SECRET is not set. It is the secret of the webhook: WEBHOOK_SECRET=… npx tsx app.ts');
  process.exit(1);
}

const app = Fastify({ logger: true });

// The signature is one of the bytes as they came, so nobody may read them as JSON before it is checked.
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

app.post('/webhook', async (request: FastifyRequest<{ Body: Buffer | undefined }>, reply) => {
  const { headers, body = Buffer.alloc(0) } = request;
  const delivery = readDelivery(headers, body, WEBHOOK_SECRET);
  if (TEST_MODE) await save(delivery, body);
  const { id, deduplicated } = await handleEvent.delay(delivery);
  return reply.code(202).send({ run: id, deduplicated });
});

/** For `deliver.ts`, which delivers it once more. */
async function save({ id, event }: Delivery, body: Buffer): Promise<void> {
  await mkdir(REQUESTS_FOLDER, { recursive: true, mode: 0o700 });
  const text = JSON.stringify({ id, event, body: body.toString() });
  await writeFile(join(REQUESTS_FOLDER, `${event}-${id}.json`), text, { mode: 0o600 });
}

app.get('/health', async () => ({ status: 'ok' }));

app.setErrorHandler<FastifyError | BadDelivery | RefusedError>((error, request, reply) => {
  if (error instanceof BadDelivery) return reply.code(error.statusCode).send({ error: error.message });
  if (error instanceof RefusedError && error.status === 413) return reply.code(413).send({ error: error.message });
  if ('statusCode' in error && error.statusCode !== undefined) return reply.send(error);
  request.log.error(error); // bgtask is away: GitHub shows the delivery as failed, and it can be delivered again from there
  return reply.code(503).send({ error: 'The delivery was not taken.' });
});

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
await app.listen({ host: HOST, port: Number(PORT) });
