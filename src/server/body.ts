/**
 * From the bytes of a request to values that a schema can look at. Only `application/json`, strict UTF-8, and nothing beyond the
 * limits: a body that says it is larger is not read at all, one that turns out larger is not read to its end.
 */
import type { IncomingMessage } from 'node:http';
import { LIMITS } from '../core/protocol.ts';
import { isRefusal, type Refusal, refuse } from './answer.ts';
import { scan } from './scan.ts';

const QUOTE = 34;
const COMMA = 44;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

const JSON_MEDIA = /^application\/json *(; *charset="?utf-8"? *)?$/i;
/** A batch is parsed run by run; after so long the loop gets a turn. */
const SLICE_MS = 5;
/** Most characters that may stand around the items of a batch. */
const MOST_AROUND = 1_024;

/** The text of the body, at most `limit` bytes of it. */
export async function readText(request: IncomingMessage, limit: number): Promise<string | Refusal> {
  const problem = headerProblem(request, limit);
  if (problem) return problem;
  const bytes = await readBytes(request, limit);
  return Buffer.isBuffer(bytes) ? decoded(bytes) : bytes;
}

/** Refuses a body where none is needed but a form or plain text came; a JSON body is let pass unread. */
export function strayBodyProblem(request: IncomingMessage): Refusal | null {
  const { headers } = request;
  return hasBody(request) ? typeProblem(headers['content-type'], headers['content-encoding']) : null;
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** One JSON value. `unit`: see scan.ts. */
export function parseJson(text: string, unit: number): Parsed {
  const problem = scan(text, unit);
  if (problem) return refuse(400, problem.code, `${problem.message}.`);
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return refuse(400, 'invalid_json', `The body is no JSON: ${(error as Error).message}`);
  }
}

/** One JSON value, or why it is none. */
export type Parsed = { readonly value: unknown } | Refusal;

/**
 * The items of `{ "runs": […] }`, each at most `bodyBytes` and parsed or refused by itself, with turns of the loop in between.
 * A refusal instead: the body is not of that form.
 */
export async function parseBatch(text: string, bodyBytes: number, now: () => number): Promise<readonly Parsed[] | Refusal> {
  const split = splitItems(text);
  if (isRefusal(split)) return split;
  if (JSON.stringify(split.around) !== '{"runs":[]}') return notABatch();
  const items: Parsed[] = [];
  let since = now();
  for (const item of split.items) {
    items.push(Buffer.byteLength(item) > bodyBytes ? tooLarge(bodyBytes) : parseJson(item, 1));
    if (now() - since < SLICE_MS) continue;
    await new Promise(setImmediate);
    since = now();
  }
  return items;
}

/** The texts of the items in the one array of an object, and the object without them. */
export function splitItems(text: string): { readonly items: readonly string[]; readonly around: unknown } | Refusal {
  const spans = itemsOf(text);
  if (spans.length > LIMITS.batchRuns) return refuse(413, 'too_many_runs', `A batch has at most ${LIMITS.batchRuns} runs.`);
  const { start } = spans[0] ?? { start: text.length };
  const { end } = spans.at(-1) ?? { end: text.length };
  const around = text.slice(0, start) + text.slice(end);
  const gaps = spans.every((span, index) => index === 0 || text.slice(spans[index - 1]?.end, span.start) === ',');
  if (!gaps || around.length > MOST_AROUND) return notABatch();
  const parsed = parseJson(around, 1);
  return 'value' in parsed ? { items: spans.map((span) => text.slice(span.start, span.end)), around: parsed.value } : parsed;
}

function notABatch(): Refusal {
  return refuse(400, 'invalid_request', 'The body must be { "runs": [ … ] }.');
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What stands in an array in the outermost object, one span for each item. Follows brackets and strings and nothing else. */
function itemsOf(text: string): readonly Span[] {
  const items = new Items(text);
  for (let i = 0; i < text.length && items.spans.length <= LIMITS.batchRuns; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = afterString(text, i);
    else if (code === COMMA) items.comma(i);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) items.open(i, code === OPEN_ARRAY);
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) items.close(i);
  }
  return items.spans;
}

class Items {
  readonly spans: Span[] = [];
  readonly #text: string;
  #depth = 0;
  /** Where the open item began; -1 outside of such an array. */
  #start = -1;

  constructor(text: string) {
    this.#text = text;
  }

  open(at: number, isArray: boolean): void {
    this.#depth += 1;
    if (this.#depth === 2 && isArray) this.#start = at + 1;
  }

  comma(at: number): void {
    if (this.#depth !== 2 || this.#start < 0) return;
    this.#finish(at);
    this.#start = at + 1;
  }

  close(at: number): void {
    if (this.#depth === 2 && this.#start >= 0) {
      this.#finish(at);
      this.#start = -1;
    }
    this.#depth -= 1;
  }

  #finish(end: number): void {
    if (this.#text.slice(this.#start, end).trim() !== '') this.spans.push({ start: this.#start, end });
  }
}

function afterString(text: string, from: number): number {
  let i = from + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

function headerProblem({ headers }: IncomingMessage, limit: number): Refusal | null {
  const problem = typeProblem(headers['content-type'], headers['content-encoding']);
  return problem ?? (Number(headers['content-length'] ?? 0) > limit ? tooLarge(limit) : null);
}

function typeProblem(type: string | undefined, encoding: string | undefined): Refusal | null {
  if (encoding !== undefined && encoding !== 'identity')
    return refuse(415, 'unsupported_encoding', 'Send the body as it is, not compressed.');
  return type !== undefined && JSON_MEDIA.test(type.trim())
    ? null
    : refuse(415, 'unsupported_media_type', 'Send the body as content-type: application/json.');
}

function tooLarge(limit: number): Refusal {
  return refuse(413, 'too_large', `The body, or one run in it, is larger than ${limit} bytes.`);
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else stop(tooLarge(limit));
    };
    const stop = (answer: Buffer | Refusal) => {
      request.off('data', take);
      resolve(answer);
    };
    const broken = () => stop(refuse(400, 'incomplete', 'The connection ended inside the body.'));
    request.on('data', take);
    request.once('end', () => stop(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.once('error', broken);
    request.once('close', broken);
  });
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: Buffer): string | Refusal {
  try {
    return UTF8.decode(bytes);
  } catch {
    return refuse(400, 'invalid_utf8', 'The body is not valid UTF-8.');
  }
}
