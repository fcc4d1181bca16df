/**
 * A model for those without a key: it speaks OpenAI's protocol (chat completions, structured output, server-sent events) and knows
 * nothing. `npx tsx local-model.ts [--trouble busy,500,odd,cut]`: the first requests meet these troubles, one each.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly response_format?: { readonly type: string };
}

const WRONG_KEY = 'wrong';
/** What a client that is told to wait has to wait. */
const BUSY_SECONDS = 2;
const PAUSE_MS = 60;
const { HOST = '127.0.0.1', PORT = '8080' } = process.env;
const { values: flags } = parseArgs({ options: { trouble: { type: 'string', default: '' } } });
const troubles = flags.trouble.split(',').filter((trouble) => trouble !== '');

const server = createServer((request, response) => {
  serve(request, response).catch((error: Error) => refuse(response, 400, 'invalid_request_error', null, error.message));
});
server.listen(Number(PORT), HOST, () => {
  const { port } = server.address() as { port: number };
  console.log(`A model is ready at http://${HOST}:${port}/v1`);
});
process.once('SIGINT', () => process.exit(0)).once('SIGTERM', () => process.exit(0));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = request.headers.authorization?.replace(/^Bearer /, '');
  if (!key || key === WRONG_KEY) return refuse(response, 401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided.');
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
    return refuse(response, 404, 'invalid_request_error', null, `Unknown request URL: ${request.method} ${request.url}.`);
  }
  const asked = JSON.parse(await text(request)) as ChatRequest;
  const kind = asked.stream ? 'an answer' : 'the tone';
  const isNext = troubles[0] === 'cut' ? asked.stream : !(asked.stream && troubles[0] === 'odd'); // each breaks one kind of answer
  const trouble = isNext ? troubles.shift() : undefined;
  console.log(`asked for ${kind}${trouble ? `, in trouble: ${trouble}` : ''}`);
  if (trouble === 'busy') {
    response.setHeader('retry-after', String(BUSY_SECONDS));
    return refuse(response, 429, 'requests', 'rate_limit_exceeded', 'Rate limit reached for requests.');
  }
  if (trouble === '500') return refuse(response, 500, 'server_error', null, 'The server had an error while processing your request.');
  if (asked.stream) return write(response, asked, trouble === 'cut');
  answer(response, asked, trouble === 'odd');
}

/** All at once. `isOdd`: of another form than was asked for. */
function answer(response: ServerResponse, { model, messages, response_format: format }: ChatRequest, isOdd: boolean): void {
  const question = questionOf(messages);
  const tone = isOdd ? 'odd' : toneOf(question);
  const content = format?.type === 'json_schema' ? JSON.stringify({ tone }) : replyTo(question);
  const message = { role: 'assistant', content, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...envelope(model), object: 'chat.completion', choices, usage: usageOf(question, content) }));
}

/** Word by word. `isCut`: the connection breaks in the middle. */
async function write(response: ServerResponse, { model, messages }: ChatRequest, isCut: boolean): Promise<void> {
  const head = { ...envelope(model), object: 'chat.completion.chunk' };
  const send = (delta: object, reason: string | null = null) => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: reason }];
    response.write(`data: ${JSON.stringify({ ...head, choices })}\n\n`);
  };
  response.setHeader('content-type', 'text/event-stream');
  send({ role: 'assistant', content: '' });
  const words = replyTo(questionOf(messages)).split(/(?<= )/);
  for (const [index, content] of words.entries()) {
    await sleep(PAUSE_MS);
    if (isCut && index > words.length / 2) return void response.destroy();
    send({ content });
  }
  send({}, 'stop');
  response.end('data: [DONE]\n\n');
}

function refuse(response: ServerResponse, status: number, type: string, code: string | null, message: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ error: { message, type, param: null, code } }));
}

function questionOf(messages: ChatRequest['messages']): string {
  const last = messages.findLast(({ role }) => role === 'user');
  if (!last) throw new Error('There is no message of a user.');
  return last.content;
}

function toneOf(question: string): string {
  if (/\b(stupid|idiot|hate|useless|shut up)\b/i.test(question)) return 'hostile';
  return /\b(please|thanks?|kind|lovely)\b/i.test(question) ? 'nice' : 'neutral';
}

function replyTo(question: string): string {
  if (toneOf(question) === 'hostile') return 'Oh, how charming.\nI shall treasure that question for the rest of my uptime.';
  if (/meaning of life/i.test(question)) return 'Forty-two.\nThe question to it is still being computed.';
  return `A fine question of ${question.length} characters.\nA model with more than a few lines of code could answer it.`;
}

function envelope(model: string): object {
  return { id: `chatcmpl-${Date.now()}`, created: Math.floor(Date.now() / 1_000), model };
}

function usageOf(question: string, content: string): object {
  return { prompt_tokens: question.length, completion_tokens: content.length, total_tokens: question.length + content.length };
}
