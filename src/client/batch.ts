/** Runs to be submitted, as text, and the calls that wait for their answers. Pure: no clock, no network. */

import type { SubmitRequest } from '../core/api.ts';
import { RefusedError } from '../core/errors.ts';
import type { SubmittedRun } from '../core/frames.ts';
import { LIMITS } from '../core/protocol.ts';
import type { Payload } from '../core/run.ts';

/** Room for what stands around the runs of one frame or body. */
export const ENVELOPE_BYTES = 1_024;

/** One run on its way. */
export interface Entry {
  readonly id: string;
  readonly text: string;
  readonly bytes: number;
  readonly call: Call;
  /** Its place in the call. */
  readonly index: number;
}

export function entryOf(request: SubmitRequest & { argsJson?: Payload | undefined }, id: string, call: Call, index: number): Entry {
  const { task, argsJson, args = [], options } = request;
  const said = options === undefined ? '' : `,"options":${JSON.stringify(options)}`;
  const text = `{"id":${JSON.stringify(id)},"task":${JSON.stringify(task)},"args":${argsJson ?? JSON.stringify(args)}${said}}`;
  return { id, text, bytes: bytesOf(text), call, index };
}

/** In order, no chunk over `mostBytes` or over the number of runs a batch may have. */
export function chunks(entries: readonly Entry[], mostBytes: number): readonly (readonly Entry[])[] {
  const all: Entry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const last = all.at(-1);
    room -= entry.bytes + 1;
    if (last !== undefined && room >= 0 && last.length < LIMITS.batchRuns) {
      last.push(entry);
    } else {
      all.push([entry]);
      room = mostBytes - ENVELOPE_BYTES - entry.bytes;
    }
  }
  return all;
}

const OTHER = /[\u0080-\uffff]/;
const encoder = new TextEncoder();

/** Length in UTF-8. */
export function bytesOf(text: string): number {
  return OTHER.test(text) ? encoder.encode(text).length : text.length;
}

/** One call of `submit`: it is answered when all its runs are. */
export class Call {
  readonly answer: Promise<readonly SubmittedRun[]>;
  readonly #results: (SubmittedRun | Error)[] = [];
  readonly #onEnd: () => void;
  #missing: number;
  #resolve: (runs: readonly SubmittedRun[]) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(count: number, onEnd: () => void) {
    this.#missing = count;
    this.#onEnd = onEnd;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  settle(index: number, result: SubmittedRun | Error): void {
    this.#results[index] = result;
    this.#missing -= 1;
    if (this.#missing > 0) return;
    this.#onEnd();
    const errors = this.#results.filter((one) => one instanceof Error);
    if (errors.length === 0) this.#resolve(this.#results as SubmittedRun[]);
    else this.#reject(oneOf(errors, this.#results.length));
  }
}

/** The first error; where other runs of the call were stored, it says so. */
function oneOf(errors: readonly Error[], count: number): Error {
  const first = errors[0] as Error;
  if (errors.length === count || !(first instanceof RefusedError)) return first;
  const others = `${errors.length} of ${count} runs were refused and the others were stored.`;
  return new RefusedError(first.status, first.reason, `${others} ${first.message}`);
}
