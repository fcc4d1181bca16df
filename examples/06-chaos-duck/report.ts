/** What became of the runs, and whether that is what was promised. Pure. */
import type { Harm } from './chaos.ts';
import type { Answer, Outcome, Pinged } from './pings.ts';

export interface Flight extends Pinged {
  readonly harm: Harm;
  /** Submits that failed. */
  readonly failures: readonly string[];
  /** The runs of crashMe. */
  readonly crashed: readonly Outcome<never>[];
}

/** One line for each ping that did not end COMPLETED with its own number. */
export function complaintsOf(answers: readonly Answer[]): string[] {
  return answers.flatMap(({ n, outcome: run }) => {
    if (run instanceof Error) return [`ping ${n}: ${run.message}`];
    if (run.state !== 'COMPLETED') return [`ping ${n} ended ${run.state}, run ${run.id}: ${run.error.message}`];
    return run.result === n ? [] : [`ping ${n} came back as ${run.result}, run ${run.id}`];
  });
}

export function linesOf({ harm, failures, answers, crashed, submitMs, totalMs }: Flight): string[] {
  const pings = answers.map(({ outcome }) => outcome);
  return [
    `harm                     crashMe ${harm.crashes}, workers killed ${harm.killedWorkers}, servers killed ${harm.killedServers}`,
    `submissions that failed  ${failures.length}`,
    `retries seen             ${retriesOf(pings)}`,
    `final states of ping     ${statesOf(pings)}`,
    `final states of crashMe  ${statesOf(crashed)}`,
    `submit rate              ${perSecond(pings.length, submitMs)}`,
    `total rate               ${perSecond(pings.length, totalMs)}, ${(totalMs / 1_000).toFixed(1)} s in all`,
  ];
}

/** As in `COMPLETED 499, FAILED 1`. */
function statesOf(outcomes: readonly Outcome<unknown>[]): string {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) {
    const state = outcome instanceof Error ? outcome.name : outcome.state;
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `${state} ${count}`).join(', ') || 'none';
}

/** Attempts after the first, whatever made them needed: an error, a neighbour that crashed, a worker that was killed. */
function retriesOf(outcomes: readonly Outcome<unknown>[]): number {
  return outcomes.reduce((sum, outcome) => sum + (outcome instanceof Error ? 0 : Math.max(0, outcome.attempt - 1)), 0);
}

function perSecond(count: number, ms: number): string {
  return `${(count / (ms / 1_000)).toFixed(1)}/s`;
}
