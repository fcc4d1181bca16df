/** What a client needs of the platform it runs on. `node.ts` has it for Node, `web.ts` for browsers. */
import type { Connect } from './socket.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** The whole answer must be here within this time. */
  readonly timeoutMs: number;
}
/** A redirect is an answer like any other: nobody follows it. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface Transport {
  /** Who calls, as runs of direct calls show it. */
  readonly caller: string;
  readonly connect: Connect;
  /** @throws {NetworkError} There is no answer. */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Lets go of idle connections. */
  close(): void;
}

/** No answer came. `reached`: the server may have read the request, so what became of it is not known. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly reached: boolean;
  constructor(reached: boolean, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.reached = reached;
  }
}

/** Largest answer and largest frame that is taken from a server. */
export const ANSWER_BYTES = 134_217_728;
