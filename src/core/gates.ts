/** Where runs wait for a token of their task's rate: each gate that is closed opens by itself at the moment there is one. */
import { Buckets } from './buckets.ts';
import { Heap } from './heap.ts';
import type { Gate, TaskLine } from './lanes.ts';
import type { Rate } from './limits.ts';

export class Gates {
  readonly #closed = new Heap<Gate>((a, b) => a.at - b.at);

  get size(): number {
    return this.#closed.size;
  }

  /** The next gate at which somebody waits. */
  next(): Gate | undefined {
    for (let gate = this.#closed.peek(); gate; gate = this.#closed.peek()) {
      if ((gate.lane?.ready ?? gate.line.ring).size > 0) return gate;
      this.#pop();
    }
    return undefined;
  }

  /** Opens those at which there is a token; one after the other. */
  open(now: number): Gate | undefined {
    const gate = this.next();
    return gate && gate.at <= now ? this.#pop() : undefined;
  }

  /** False where there is a token of `bucket` now. */
  isShut(gate: Gate, bucket: string, now: number): boolean {
    const { buckets } = gate.line;
    if (buckets === null || gate.closed) return gate.closed;
    gate.at = buckets.readyAt(bucket, now);
    if (gate.at <= now) return false;
    gate.closed = true;
    this.#closed.push(gate);
    return true;
  }

  /** Buckets of another rate start full. */
  setRate(line: TaskLine, rate: Rate | null): void {
    if (isSame(line.buckets?.rate ?? null, rate)) return;
    this.#closed.retain((gate) => gate.line !== line);
    for (const { gate } of [line, ...line.lanes.values()]) gate.closed = false;
    line.buckets = rate && new Buckets(rate);
  }

  #pop(): Gate {
    const gate = this.#closed.pop() as Gate;
    gate.closed = false;
    return gate;
  }
}

function isSame(a: Rate | null, b: Rate | null): boolean {
  return a?.limit === b?.limit && a?.perMs === b?.perMs && a?.burst === b?.burst && a?.perKey === b?.perKey;
}
