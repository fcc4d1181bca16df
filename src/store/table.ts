/**
 * The runs in memory, with everything that is looked up by more than their id: queue, dependents, children, idempotency keys, expiries,
 * counts, retention. Both back-ends hold one, and a journal is replayed into one: the same calls in the same order give the same table.
 *
 * It knows no disk. Each change leaves a `Fact` (what a journal must keep) and a `Step` (what takes it back). What follows from a
 * fact (`upstream` events of dependents, the end of a run whose key was taken) is derived here and leaves none: a replay derives it again.
 * Submit, claim and apply never walk over all runs.
 */
import { madeAt } from '../core/ids.ts';
import { type Offer, RunQueue } from '../core/queue.ts';
import { isFinal, isLeased, isSameSubmit, type LeasedRun, type NewRun, type Run, type RunEvent, type ScheduledRun } from '../core/run.ts';
import { newRun, transition } from '../core/transition.ts';
import { CachedRuns } from './cached.ts';
import { Children } from './children.ts';
import { Dependents, unmetOf } from './dependents.ts';
import { Expiries } from './expiries.ts';
import { TaskInputs } from './inputs.ts';
import { Keys } from './keys.ts';
import { Listing } from './listing.ts';
import { Pauses } from './pauses.ts';
import { Retention } from './retention.ts';
import { type Changes, type Fact, type KeptRow, newRow, type Row, type Step } from './rows.ts';
import type { Applied, Claimed, Grant, Keep, NotSubmitted, Submitted } from './store.ts';
import { Workers } from './workers.ts';

export class Table {
  /** Where changes are written down; null in a replay. */
  changes: Changes | null = null;
  readonly queue = new RunQueue();
  readonly pauses = new Pauses(this.queue);
  readonly workers = new Workers();
  readonly inputs = new TaskInputs();
  readonly listing = new Listing<Row>();
  readonly children = new Children();
  readonly #rows = new Map<string, Row>();
  readonly #dependents = new Dependents(this.#rows);
  readonly #keys = new Keys();
  readonly cached = new CachedRuns();
  readonly #expiries = new Expiries();
  readonly #retention = new Retention<Row>();
  #newestRemoved = '';
  #seq = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** The newest id (UUIDv7) that was removed; '' where none was. Ids up to it are never taken again. */
  get newestRemoved(): string {
    return this.#newestRemoved;
  }

  get(id: string): Run | undefined {
    return this.#rows.get(id)?.run;
  }

  /** Every run, oldest submission first. */
  rows(): Iterable<Row> {
    return this.listing.all();
  }

  leased(): LeasedRun[] {
    return [...this.rows()].map(({ run }) => run).filter(isLeased);
  }

  submit(said: NewRun, at: number): Submitted | NotSubmitted {
    const taking = this.#keys.taking(said, at);
    return this.known(said, at) ?? { run: this.#insert(taking, at).run, kind: 'new', displaced: taking.displaces };
  }

  /** The answer to a submit that adds nothing; undefined where it would add a run. */
  known(said: NewRun, at: number): Submitted | NotSubmitted | undefined {
    const known = this.get(said.id);
    if (known) return { run: known, kind: isSameSubmit(known, said) ? 'same' : 'conflict' };
    const keyed = this.#keys.answer(said, at);
    if (keyed) return keyed;
    if (said.id <= this.#newestRemoved && madeAt(said.id) !== null) return { run: undefined, kind: 'expired' };
    if (said.waitFor.some((up) => !this.#rows.has(up.id))) return { run: undefined, kind: 'no-upstream' };
    return undefined;
  }

  apply(id: string, event: RunEvent, at: number): Applied {
    const row = this.#rows.get(id);
    const changed = this.#do(row, event, at);
    if (changed) this.changes?.facts.push({ kind: 'event', id, event, at });
    return { run: row?.run, changed };
  }

  claim(offers: readonly Offer[], at: number, grant: Grant): Claimed[] {
    const claimed: Claimed[] = [];
    this.expire(at);
    this.queue.match(offers, at, (workerId, runId) => {
      const { run } = this.apply(runId, grant(workerId, this.get(runId) as ScheduledRun), at);
      claimed.push({ workerId, run: run as LeasedRun });
    });
    return claimed;
  }

  expire(at: number): void {
    for (let row = this.#expiries.take(at); row; row = this.#expiries.take(at)) this.apply(row.run.id, { type: 'expire' }, at);
  }

  nextExpiryAt(): number | null {
    return this.#expiries.nextAt();
  }

  /** What the runs of a task, or all of them, made answers for others no longer. */
  uncache(task: string | null, at: number): number {
    const ids = this.cached.list(task, at).map(({ id }) => id);
    if (ids.length > 0) this.changes?.facts.push({ kind: 'uncache', ids, at });
    this.cached.clear(ids, this.#rows, this.changes);
    return ids.length;
  }

  /** Removes those of `ids` that are final and that no open run waits for; answers with them. */
  remove(ids: readonly string[], at: number): string[] {
    const rows = ids.map((id) => this.#rows.get(id)).filter((row) => row !== undefined && isFinal(row.run) && row.awaited === 0);
    return this.#removeAll(rows as Row[], at);
  }

  sweep(at: number, keep: Keep): string[] {
    const overdue = this.#retention.overdue(at, keep, (state) => this.listing.count(state));
    return this.#removeAll(overdue, at);
  }

  /** Does again what a journal kept. @throws {Error} The fact does not fit the table: one of the two is damaged. */
  replay(fact: Fact): void {
    if (fact.kind === 'submit') this.#replaySubmit(fact.run, fact.at);
    else if (fact.kind === 'event') this.#replayEvent(fact.id, fact.event, fact.at);
    else if (fact.kind === 'uncache') this.cached.clear(fact.ids, this.#rows, null);
    else if (fact.kind === 'worker') this.workers.note(fact, null);
    else if (fact.kind === 'pause') this.pauses.tell(fact, null);
    else if (fact.kind === 'input') this.inputs.tell([fact], fact.at, null);
    else if (this.remove(fact.ids, fact.at).length !== fact.ids.length) throw new Error('it removes a run that cannot be removed');
  }

  /** Takes in a run as a snapshot kept it. Those it names in `waitFor` come before it. */
  load(kept: KeptRow): void {
    this.#seq = Math.max(this.#seq, kept.seq);
    this.#enter(newRow(kept));
  }

  /** Ids up to `id` are never taken again. */
  forgetUpTo(id: string): void {
    if (id > this.#newestRemoved) this.#newestRemoved = id;
  }

  /** Takes back `steps`, newest first. Only what was done last can be taken back. */
  revert(steps: readonly Step[]): void {
    for (const step of steps.toReversed()) {
      if ('undo' in step) step.undo();
      else this.#takeBack(step.row, step.before, step.after);
    }
  }

  #takeBack(row: Row, before: Run | undefined, after: Run | undefined): void {
    if (before === undefined) {
      if (after !== undefined) this.#leave(row);
      return;
    }
    if (after !== undefined) this.cached.leave(row);
    row.run = before;
    row.gone = false;
    if (after === undefined) this.#enter(row);
    else {
      this.#index(row, after, before);
      this.#dependents.again(row, after);
    }
  }

  #insert(said: NewRun, at: number): Row {
    const unmet = said.waitFor.length === 0 || said.direct !== null ? NO_ROWS : unmetOf(said.waitFor, this.#rows);
    this.#seq += 1;
    const keyUntil = said.idempotencyTtlMs === null ? null : said.createdAt + said.idempotencyTtlMs;
    const run = newRun(said, unmet.length === 0 ? NO_IDS : unmet.map((up) => up.run.id));
    const row = newRow({ run, seq: this.#seq, keyUntil, uncached: false });
    this.#keys.take(said, this.changes);
    this.#enter(row);
    this.changes?.facts.push({ kind: 'submit', run: said, at });
    this.changes?.note(row, undefined, run);
    const failed = unmet.find((up) => isFinal(up.run));
    if (failed) this.#tell(row, failed.run, at);
    if (said.displaces !== null) this.#do(this.#rows.get(said.displaces), { type: 'cancel', reason: `Replaced by ${said.id}` }, at);
    return row;
  }

  /** What an event does, without the fact of it. */
  #do(row: Row | undefined, event: RunEvent, at: number): boolean {
    if (!row || !this.#move(row, transition(row.run, event, at))) return false;
    if (event.type === 'defer') this.#deferred(row, event.until, at);
    if (row.run.state === 'COMPLETED') this.cached.complete(row, this.changes);
    if (isFinal(row.run)) this.#tellDependents(row, at);
    return true;
  }

  /** Puts `after` into the row. False where it is what was there. */
  #move(row: Row, after: Run): boolean {
    const before = row.run;
    if (after === before) return false;
    row.run = after;
    this.#index(row, before, after);
    this.changes?.note(row, before, after);
    return true;
  }

  #tellDependents(first: Row, at: number): void {
    const ended = [first];
    for (const row of ended) {
      for (const dependent of this.#dependents.take(row)) if (!dependent.gone && this.#tell(dependent, row.run, at)) ended.push(dependent);
    }
  }

  /** Tells `row` that `upstream` has ended. True where that was its own end. */
  #tell(row: Row, upstream: Run, at: number): boolean {
    if (!isFinal(upstream)) return false;
    return this.#move(row, transition(row.run, { type: 'upstream', id: upstream.id, state: upstream.state }, at)) && isFinal(row.run);
  }

  #removeAll(named: readonly Row[], at: number): string[] {
    const rows = new Set(named);
    const ids = [...rows].map((row) => row.run.id);
    if (ids.length === 0) return ids;
    const newest = this.#newestRemoved;
    for (const row of rows) {
      this.#leave(row);
      this.changes?.note(row, row.run, undefined);
      const made = madeAt(row.run.id);
      // An id from the future, made under a wrong clock, must not lock out everybody whose clock is right.
      if (made !== null && made <= at) this.forgetUpTo(row.run.id);
    }
    this.changes?.facts.push({ kind: 'remove', ids, at });
    const undo = () => {
      this.#newestRemoved = newest;
    };
    this.changes?.steps.push({ undo });
    return ids;
  }

  #enter(row: Row): void {
    const { run } = row;
    this.#rows.set(run.id, row);
    this.#keys.add(row);
    this.#dependents.enter(row);
    this.cached.enter(row);
    this.children.add(row);
    this.#index(row, undefined, run);
  }

  #leave(row: Row): void {
    const { run } = row;
    row.gone = true;
    this.#rows.delete(run.id);
    this.#keys.remove(row);
    this.cached.leave(row);
    this.children.remove(row);
    this.#index(row, run, undefined);
  }

  /** Keeps every index in step with one change, whichever way it goes. */
  #index(row: Row, before: Run | undefined, after: Run | undefined): void {
    this.listing.update(row, before, after);
    this.queue.update(before, after, row.seq);
    const wasOpen = before !== undefined && !isFinal(before);
    const isOpen = after !== undefined && !isFinal(after);
    if (wasOpen !== isOpen) this.#await(row, isOpen ? 1 : -1);
    if (after !== undefined && !isOpen) this.#retention.ended(row);
    if (isOpen) this.#expiries.update(row);
  }

  /** Counts `row` in, or out, at the runs it names in `waitFor`. */
  #await(row: Row, by: 1 | -1): void {
    for (const { id } of row.run.waitFor) {
      const upstream = this.#rows.get(id);
      if (!upstream) continue;
      upstream.awaited += by;
      if (upstream.awaited === 0 && isFinal(upstream.run)) this.#retention.released(upstream);
    }
  }

  /** Where the run it is to wait for has ended, or is gone, it is told so at once. */
  #deferred(row: Row, until: string, at: number): void {
    const upstream = this.#rows.get(until);
    if (upstream && !isFinal(upstream.run)) this.#dependents.add(row, until);
    else this.#move(row, transition(row.run, { type: 'upstream', id: until, state: 'COMPLETED' }, at));
  }

  #replaySubmit(said: NewRun, at: number): void {
    if (this.#rows.has(said.id)) throw new Error(`it adds run ${said.id}, which is there`);
    const missing = said.waitFor.find((up) => !this.#rows.has(up.id));
    if (missing) throw new Error(`run ${said.id} waits for ${missing.id}, which is not there`);
    this.#insert(said, at);
  }

  #replayEvent(id: string, event: RunEvent, at: number): void {
    if (!this.apply(id, event, at).changed) throw new Error(`run ${id} does not take the event ${event.type}`);
  }
}

const NO_ROWS: readonly Row[] = [];
const NO_IDS: readonly string[] = [];
