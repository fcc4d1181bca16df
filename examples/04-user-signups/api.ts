import Fastify, { type FastifyError } from 'fastify';
import { ZodError } from 'zod';
import { redis } from './redis.ts';
import { enrollInOnboardingFlow, populateWorkspace, sendConfirmationEmail } from './tasks.ts';
import { addUser, NewUser, removeUser, type User } from './users.ts';

const { HOST = '127.0.0.1', PORT = '8000' } = process.env;
const app = Fastify({ logger: true });

app.post('/users', async (request, reply) => {
  const user = await addUser(NewUser.parse(request.body));
  await welcome(user).catch(async (error) => {
    await removeUser(user); // nobody would welcome them
    throw error;
  });
  return reply.code(201).send(user);
});

/** Hands three runs to the workers, in one request. Resolves when they are stored: nobody waits here until they are done. */
async function welcome(user: User): Promise<void> {
  const options = { tags: [`user:${user.id}`] };
  await Promise.all([
    sendConfirmationEmail.applyAsync([user], options),
    enrollInOnboardingFlow.applyAsync([user], options),
    populateWorkspace.applyAsync([user], options),
  ]);
}

app.get('/health', async () => ({ status: 'ok' }));

app.setErrorHandler<FastifyError | ZodError>((error, request, reply) => {
  if (error instanceof ZodError) return reply.code(422).send({ error: 'This is no new user.', issues: error.issues.map(issueOf) });
  if (error.statusCode === 400) return reply.code(422).send({ error: error.message }); // it is not even JSON
  if (error.statusCode !== undefined) return reply.send(error);
  request.log.error(error); // Redis or bgtask
  return reply.code(503).send({ error: 'Nobody can sign up at the moment. Try again later.' });
});

function issueOf({ path, message }: ZodError['issues'][number]): { field: string; message: string } {
  return { field: path.join('.'), message };
}

app.addHook('onClose', () => redis.disconnect());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
await app.listen({ host: HOST, port: Number(PORT) });
