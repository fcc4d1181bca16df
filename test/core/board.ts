import { RunQueue } from '../../src/core/queue.ts';
import type { NewRun, Run } from '../../src/core/run.ts';
import { newRun, transition } from '../../src/core/transition.ts';
import { aSubmit, T0 } from './builders.ts';

/** A queue with the runs it is told of, as a store would keep them. */
export class Board {
  readonly queue = new RunQueue();
  readonly runs = new Map<string, Run>();
  readonly seqs = new Map<string, number>();

  submit(id: string, over: Partial<NewRun> = {}, blockedBy: string[] = []): void {
    this.seqs.set(id, this.seqs.size + 1);
    this.set(newRun(aSubmit({ id, waitFor: blockedBy.map((up) => ({ id: up, allowFailure: false })), ...over }), blockedBy));
  }

  submitMany(prefix: string, count: number, over: Partial<NewRun> = {}): void {
    for (let n = 1; n <= count; n += 1) this.submit(`${prefix}${n}`, over);
  }

  set(run: Run): void {
    const before = this.runs.get(run.id);
    this.runs.set(run.id, run);
    this.queue.update(before, run, this.seqs.get(run.id) as number);
  }

  end(id: string): void {
    this.set(transition(this.run(id), { type: 'succeed', token: id, result: null }, T0));
  }

  /** Leases what `queue` gives to workers named by their tasks, as `'a b': 2`. Answers with the run ids each got, in order. */
  match(offers: Record<string, number>, now = T0, ahead = 0): Record<string, string[]> {
    const got: Record<string, string[]> = Object.fromEntries(Object.keys(offers).map((name) => [name, []]));
    this.queue.match(
      Object.entries(offers).map(([name, slots]) => ({ workerId: name, tasks: new Set(name.split(' ')), slots, ahead })),
      now,
      (workerId, runId) => {
        got[workerId]?.push(runId);
        const lease = { token: runId, workerId, workerName: workerId };
        this.set(transition(this.run(runId), { type: 'assign', lease, maxAttempts: 1 }, now));
      },
    );
    return got;
  }

  run(id: string): Run {
    return this.runs.get(id) as Run;
  }
}
