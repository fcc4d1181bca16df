import { readFile } from 'node:fs/promises';
import { runContext, task } from 'bgtask';
import { render } from './html.ts';
import { redis } from './redis.ts';
import { User } from './users.ts';

const { MAIL_URL = 'http://127.0.0.1:8025', MARKETING_URL = 'http://127.0.0.1:8026', EMAIL_FAILURE_RATE = '0.2' } = process.env;

export const sendConfirmationEmail = task(
  'sendConfirmationEmail',
  { input: User, retries: 5, retryDelay: '500ms', runName: ({ email }) => `Send confirmation email to ${email}` },
  async ({ email, name }) => {
    if (Math.random() < Number(EMAIL_FAILURE_RATE)) throw new Error('The mail could not be sent.');
    const template = await readFile(new URL('confirmation-email.html', import.meta.url), 'utf8');
    await post(`${MAIL_URL}/send-mail`, { to: email, subject: 'Welcome!', body: render(template, { name, email }) });
  },
);

export const enrollInOnboardingFlow = task('enrollInOnboardingFlow', { input: User }, async ({ id: userId, email, name }) => {
  const startDate = new Date().toISOString();
  await post(`${MARKETING_URL}/enroll-user`, { flow: 'onboarding', userId, email, name, startDate });
});

export const populateWorkspace = task('populateWorkspace', { input: User, cache: { key: ['inputs'] } }, async ({ id }) => {
  const things = Array.from({ length: 10 }, (_, number) => `thing-${number}`);
  await redis.sadd(`user:${id}:workspace`, things);
  return things;
});

/** A run may start a second time after a crash; by its key a service knows that it has seen the request. */
async function post(url: string, body: unknown): Promise<void> {
  const { attemptKey, signal } = runContext();
  const headers = { 'content-type': 'application/json', 'idempotency-key': attemptKey };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
  if (!answer.ok) throw new Error(`POST ${url} was answered with ${answer.status}.`);
}
