/** What is asked of the language model, and what its refusals mean for a run. Any endpoint will do that speaks OpenAI's protocol. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { NonRetryableError, RetryAfterError } from 'bgtask';
import OpenAI, { APIError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const Reading = z.object({ tone: z.enum(['nice', 'neutral', 'hostile']) });
export type Tone = z.infer<typeof Reading>['tone'];

const INSTRUCTIONS: Record<Tone, string> = {
  nice: 'Answer the question helpfully and warmly, in up to two lines.',
  neutral: 'Answer the question helpfully, in up to two lines.',
  hostile: 'The question is hostile. Give a short sarcastic retort, in up to two lines.',
};
/** Until the first byte of an answer. */
const TIMEOUT_MS = 20_000;
const DEFAULT_MODEL = 'gpt-4.1-mini';

loadSettings();
const model = process.env.OPENAI_MODEL || DEFAULT_MODEL;
// Retries are bgtask's: they wait in the server, hold no slot, and are seen.
const openai = new OpenAI({ maxRetries: 0, timeout: TIMEOUT_MS });

export async function findTone(question: string, signal: AbortSignal): Promise<Tone> {
  const messages = talk('Classify the tone of the question: nice, neutral or hostile.', question);
  const format = zodResponseFormat(Reading, 'reading');
  const completion = await openai.chat.completions.parse({ model, messages, response_format: format }, { signal }).catch(explain);
  const reading = completion.choices[0]?.message.parsed;
  if (!reading) throw new Error('The model gave no tone.');
  return reading.tone;
}

/** The answer piece by piece, as the model writes it. @throws It broke off. */
export async function* writeAnswer(question: string, tone: Tone, signal: AbortSignal): AsyncGenerator<string> {
  const messages = talk(INSTRUCTIONS[tone], question);
  const stream = await openai.chat.completions.create({ model, messages, stream: true }, { signal }).catch(explain);
  let isWhole = false;
  let cause: unknown;
  try {
    for await (const { choices } of stream) {
      const choice = choices[0];
      if (choice?.delta.content) yield choice.delta.content;
      isWhole ||= Boolean(choice?.finish_reason);
    }
  } catch (error) {
    cause = error;
  }
  signal.throwIfAborted(); // the run was cancelled, or has taken too long
  if (!isWhole) throw new Error('The answer broke off.', { cause });
}

function talk(instruction: string, question: string): OpenAI.ChatCompletionMessageParam[] {
  return [
    { role: 'system', content: instruction },
    { role: 'user', content: question },
  ];
}

/** Whether and when it is of use to try again. */
function explain(error: unknown): never {
  if (!(error instanceof APIError)) throw new Error('The model answered in another form than it was asked for.', { cause: error });
  const { status, message, code, headers } = error;
  if (status === 429 && code !== 'insufficient_quota') throw new RetryAfterError(message, waitOf(headers), { cause: error });
  // 408 and 409 pass, as do errors of the server and of the network. A wrong key, model or request does not.
  if (status >= 400 && status < 500 && status !== 408 && status !== 409) throw new NonRetryableError(message, { cause: error });
  throw error;
}

/** Of the header Retry-After: seconds or a date. Milliseconds. */
function waitOf(headers: Headers | undefined): number {
  const said = headers?.get('retry-after') ?? '1';
  const seconds = Number(said);
  const ms = Number.isNaN(seconds) ? Date.parse(said) - Date.now() : seconds * 1_000;
  return Number.isNaN(ms) ? 1_000 : Math.max(0, ms);
}

/** What the environment says counts before the file; an empty variable says nothing. @throws There is no key. */
function loadSettings(): void {
  const file = fileURLToPath(new URL('.openai.env', import.meta.url));
  const said = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  for (const [name, value] of Object.entries(said)) process.env[name] ||= value;
  if (!process.env.OPENAI_API_KEY)
    throw new Error(`There is no OPENAI_API_KEY: copy .openai.env.example to ${file} and put your key in it.`);
}
