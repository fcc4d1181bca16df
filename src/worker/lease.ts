/** What a worker holds for each lease until the server has recorded its outcome, and what of it is told again on a new connection. */
import type { Assignment, CacheQuestion, Held, Outcome } from '../core/frames.ts';
import type { Outbox } from './outbox.ts';

export interface Lease extends Held {
  readonly assignment: Assignment;
  startedAt: number | null;
  /** Its code waits for other runs; null: it never did. */
  isWaiting: boolean | null;
  /** What it asks of the cache, as long as there is no answer. */
  question: CacheQuestion | null;
  outcome: Outcome | null;
}

export function newLease(assignment: Assignment): Lease {
  const { runId, token } = assignment;
  return { runId, token, assignment, startedAt: null, isWaiting: null, question: null, outcome: null };
}

/** The server may not have heard it, or may have been started anew. */
export function tellAgain({ runId, token, startedAt, isWaiting, question, outcome }: Lease, outbox: Outbox): void {
  const held = { runId, token };
  if (outcome !== null) {
    outbox.outcome(outcome);
    return;
  }
  if (startedAt !== null) outbox.started(held);
  if (question !== null) outbox.asked([{ ...held, ...question }]);
  if (isWaiting !== null) outbox.waiting([{ ...held, waiting: isWaiting }]);
}
