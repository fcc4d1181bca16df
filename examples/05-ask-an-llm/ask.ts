import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 250;
const app = `http://127.0.0.1:${process.env.PORT ?? 8000}`;
const question = process.argv.slice(2).join(' ');

try {
  if (question === '') throw new Error('Usage: npx tsx ask.ts "What is the meaning of life?"');
  const answer = await poll(await post(question));
  console.log(`Completed!\n${answer}`);
} catch (error) {
  const isAway = error instanceof TypeError && error.message === 'fetch failed';
  console.error(isAway ? `Nobody answers at ${app}. Start the web app: npx tsx app.ts` : (error as Error).message);
  process.exitCode = 1;
}

/** Where the answer will be. */
async function post(text: string): Promise<URL> {
  const response = await fetch(`${app}/question`, { method: 'POST', body: text });
  if (response.status !== 202) throw new Error(`The question was not taken: ${response.status} ${await response.text()}`);
  return new URL(response.headers.get('location') ?? '', app);
}

async function poll(address: URL): Promise<string> {
  for (;;) {
    const response = await fetch(address);
    if (response.ok && response.status !== 202) return await response.text();
    if (!response.ok) throw new Error(`There is no answer: ${response.status} ${await response.text()}`);
    const { state } = (await response.json()) as { state: string };
    console.log(`Task is ${state}`);
    await sleep(POLL_MS);
  }
}
