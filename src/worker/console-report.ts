/** What a script that calls `serve` shows of its worker: little, on stderr, and what its children print. */
import { escapeText } from '../core/text.ts';
import type { WorkerEvent } from './events.ts';

export function reportOnConsole(event: WorkerEvent): void {
  if (event.type === 'output') {
    process[event.stream].write(`${escapeText(event.text)}\n`);
    return;
  }
  const line = lineOf(event);
  if (line !== null) process.stderr.write(`bgtask: ${escapeText(line)}\n`);
}

const DOWN = {
  gone: 'the server is away; trying again',
  silent: 'the server does not answer; trying again',
  'refused-protocol': 'what answers there is no bgtask server of this version; trying again',
} as const;

function lineOf(event: WorkerEvent): string | null {
  switch (event.type) {
    case 'ready':
      return `worker ready: ${event.tasks.join(', ')} (${event.slots} at once)`;
    case 'connected':
      return null;
    case 'disconnected':
      return DOWN[event.why];
    case 'unauthorized':
      return event.error instanceof Error ? event.error.message : 'the server does not accept the API key';
    case 'load-failed':
      return `the script does not load: ${event.message}`;
    case 'child-crashed':
      return `child ${event.pid} died (${event.signal ?? `exit code ${event.exitCode}`}) with ${runs(event.runs)} in it`;
    case 'draining':
      return event.running === 0 ? null : `finishing ${runs(event.running)}`;
    default:
      return null;
  }
}

function runs(number: number): string {
  return number === 1 ? '1 run' : `${number} runs`;
}
