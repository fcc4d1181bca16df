/** A service that is none: it keeps what is posted to one path in memory, and shows it on a page. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { escapeHtml } from '../html.ts';

const MOST_BYTES = 65_536;
const MOST_KEPT = 1_000;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export function startService(title: string, path: string, defaultPort: number): void {
  const { HOST = '127.0.0.1', PORT = String(defaultPort) } = process.env;
  /** By idempotency key, oldest first: the same request once more changes nothing. */
  const received = new Map<string, unknown>();
  let unnamed = 0;

  async function take(request: IncomingMessage): Promise<Answer> {
    const text = await textOf(request);
    if (text === null) return json(413, { error: `More than ${MOST_BYTES} bytes.` });
    const key = request.headers['idempotency-key'];
    try {
      received.set(typeof key === 'string' ? key : `${++unnamed}`, JSON.parse(text));
    } catch {
      return json(400, { error: 'That is not JSON.' });
    }
    if (received.size > MOST_KEPT) received.delete([...received.keys()][0] as string);
    return json(202, { message: 'taken' });
  }

  async function answerTo(request: IncomingMessage): Promise<Answer> {
    switch (`${request.method} ${request.url}`) {
      case `POST ${path}`:
        return take(request);
      case 'GET /':
        return { status: 200, type: 'text/html; charset=utf-8', body: page(title, [...received.values()].reverse()) };
      case 'GET /received':
        return json(200, [...received.values()]);
      case 'GET /health':
        return json(200, { status: 'ok' });
      default:
        return json(404, { error: `Post to ${path}, or look at /.` });
    }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, body } = await answerTo(request);
    response.writeHead(status, { 'content-type': type, 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" });
    response.end(body);
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy()); // the caller went away in the middle
  });
  server.listen(Number(PORT), HOST, () => console.log(`${title} is ready at http://${HOST}:${PORT}`));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close().closeAllConnections());
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

/** Null where it is too much. */
async function textOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  return size > MOST_BYTES ? null : Buffer.concat(chunks).toString();
}

/** Everything on it came from outside, so everything is escaped. It loads itself again every two seconds. */
function page(title: string, received: readonly unknown[]): string {
  const items = received.map((one) => `<pre>${escapeHtml(JSON.stringify(one, null, 2))}</pre>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<title>${escapeHtml(title)}</title>
<style>body { font: 16px/1.5 system-ui; max-width: 48em; margin: 2em auto } pre { background: #8882; padding: 1em; white-space: pre-wrap }</style>
<h1>${escapeHtml(title)}</h1>
<p>Received: ${received.length}</p>
${items.join('\n')}
`;
}
