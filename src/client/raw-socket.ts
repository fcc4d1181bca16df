/** One WebSocket of the platform, as `socket.ts` needs it, and how it is let go of. */
import type { Clock } from '../core/seams.ts';

/** How long a goodbye waits for the other side's. */
const GOODBYE_MS = 1_000;

/** What bgtask needs of a WebSocket: the browser's own has it, and `client/node.ts` brings it for Node. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  /** May carry the cause, as in `{ error: Error }`. Always followed by `onclose`. */
  onerror: ((event: { readonly error?: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;

  // Where the platform has them.
  /** The HTTP answer that came instead of a WebSocket. */
  readonly refusal?: { readonly status: number; readonly code: string; readonly message: string } | null;
  /** Drops the connection without a goodbye. */
  terminate?(): void;
  ref?(): void;
  unref?(): void;
  /** What is sent between the two goes out in one write. */
  cork?(): void;
  uncork?(): void;
}
/** Begins to connect. Errors come through `onerror` and `onclose`, or as a throw. */
export type Connect = (url: string, protocols: string[], headers: Record<string, string>) => WebSocketLike | Promise<WebSocketLike>;

/** Lets go of it at once. Nothing is heard of it any more. */
export function drop(ws: WebSocketLike): void {
  silence(ws);
  if (ws.terminate) ws.terminate();
  else ws.close();
}

function silence(ws: WebSocketLike): void {
  ws.onopen = ws.onmessage = ws.onerror = ws.onclose = null;
}

/** Closes it politely. Nothing is heard of it any more. */
export function goodbye(ws: WebSocketLike, clock: Clock): Promise<void> {
  silence(ws);
  return new Promise((resolve) => {
    const timer = clock.after(GOODBYE_MS, () => {
      drop(ws);
      resolve();
    });
    ws.onclose = () => {
      timer.cancel();
      resolve();
    };
    ws.close(1000);
  });
}
