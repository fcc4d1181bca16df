/** What a table is made of, and what a change of it leaves behind. */
import type { ProcessIdentity } from '../core/frames.ts';
import type { NewRun, Run, RunEvent } from '../core/run.ts';

export type Pausable = 'task' | 'worker';

/** One thing that happened, as a journal keeps it. */
export type Fact =
  | { readonly kind: 'submit'; readonly run: NewRun; readonly at: number }
  | { readonly kind: 'event'; readonly id: string; readonly event: RunEvent; readonly at: number }
  /** The results of these runs answer no longer; the runs stay. */
  | { readonly kind: 'uncache'; readonly ids: readonly string[]; readonly at: number }
  | { readonly kind: 'remove'; readonly ids: readonly string[]; readonly at: number }
  | { readonly kind: 'worker'; readonly id: string; readonly process: ProcessIdentity; readonly at: number }
  /** The JSON Schema of a task's input, as text; null: it has none any more. */
  | { readonly kind: 'input'; readonly task: string; readonly schema: string | null; readonly at: number }
  | { readonly kind: 'pause'; readonly of: Pausable; readonly name: string; readonly paused: boolean; readonly at: number };

/** A run with its place in the table. */
export interface Row {
  run: Run;
  /** Rises with each submit. */
  readonly seq: number;
  /** Until when its idempotency key answers; null: as long as it is kept; 0: a newer run has taken the key. */
  keyUntil: number | null;
  /** Open runs that wait for its end; null once they were told. */
  dependents: Row[] | null;
  /** Open runs that name it in `waitFor`: they wait for its end, and then read its result. */
  awaited: number;
  /** Its result answers for others no longer: a newer one took its place, or it was cleared. */
  uncached: boolean;
  /** It stands in the heap of expiries. */
  expires: boolean;
  gone: boolean;
  /** Where its newest step stands, and in which changes. */
  noted: number;
  notedIn: number;
}

/** What a snapshot keeps of a row. */
export type KeptRow = Pick<Row, 'run' | 'seq' | 'keyUntil' | 'uncached'>;

export function newRow({ run, seq, keyUntil, uncached }: KeptRow): Row {
  return { run, seq, keyUntil, dependents: null, awaited: 0, uncached, expires: false, gone: false, noted: 0, notedIn: 0 };
}

/** One change of one run; `before` or `after` is undefined where it was added or removed. */
export interface RowStep {
  readonly row: Row;
  readonly before: Run | undefined;
  after: Run | undefined;
}
export type Step = RowStep | { readonly undo: () => void };

let made = 0;

/** What was changed since it was put into `table.changes`. */
export class Changes {
  readonly facts: Fact[] = [];
  /** One for each row, in the order in which they were first changed, one more for each that went, and what else can be undone. */
  readonly steps: Step[] = [];
  readonly #number = ++made;

  /** Notes that a row went from `before` to `after`. What it was in between is not kept. */
  note(row: Row, before: Run | undefined, after: Run | undefined): void {
    const noted = row.notedIn === this.#number ? (this.steps[row.noted] as RowStep) : undefined;
    // A removal has a step of its own: taken back first, so that those which waited for the run find it again when their turn comes.
    if (noted && (after !== undefined || noted.before === undefined)) {
      noted.after = after;
      return;
    }
    row.notedIn = this.#number;
    row.noted = this.steps.length;
    this.steps.push({ row, before, after });
  }
}
