/**
 * How a client in a browser reaches the server: `fetch` and the browser's own WebSocket. A browser cannot send the API key with a
 * WebSocket, so sockets open only to a server that asks for none; requests carry the key.
 */
import { RefusedError } from '../core/errors.ts';
import type { WebSocketLike } from './socket.ts';
import { ANSWER_BYTES, type HttpAnswer, type HttpRequest, NetworkError, type Transport } from './transport.ts';

/** For browsers, and for other platforms that have `fetch` and `WebSocket`. */
export function webTransport(): Transport {
  return {
    caller: 'browser',
    connect: (url, protocols) => {
      const { WebSocket } = globalThis as { WebSocket?: new (url: string, protocols: string[]) => WebSocketLike };
      if (WebSocket === undefined) throw new Error('There is no WebSocket here. In Node, give createClient the transport of bgtask.');
      return new WebSocket(url, protocols);
    },
    request,
    close: () => undefined,
  };
}

async function request({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpAnswer> {
  try {
    const answer = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    // A browser hides what a redirect says.
    return answer.type === 'opaqueredirect' ? { status: 302, body: '' } : { status: answer.status, body: await textOf(answer) };
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    // `fetch` does not say why it failed; only a timeout proves that there was somebody.
    throw new NetworkError((error as Error).name === 'TimeoutError', error);
  }
}

async function textOf(answer: Response): Promise<string> {
  if (answer.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) {
    size += part.value.length;
    if (size > ANSWER_BYTES) {
      void reader.cancel();
      throw new RefusedError(answer.status, 'answer_too_large', `The answer is larger than ${ANSWER_BYTES} bytes.`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}
