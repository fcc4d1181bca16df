/** `memory:`, the store of tests and trials: everything goes with the process. What is called in one turn is one commit here, too. */
import type { LogLine } from '../core/api.ts';
import { LIMITS } from '../core/protocol.ts';
import type { Clock } from '../core/seams.ts';
import type { Log } from './commits.ts';
import { fitLines, type LogLimits } from './log-lines.ts';
import type { Store } from './store.ts';
import { Table } from './table.ts';
import { type RunLogs, TableStore } from './table-store.ts';

export function openMemoryStore(clock: Clock, limits: LogLimits = LIMITS): Store {
  return new TableStore({
    ...{ url: 'memory:', durability: 'memory', table: new Table(), log: NOTHING, logs: new MemoryLogs(limits), clock },
    release: async () => undefined,
  });
}

const NOTHING: Log = {
  costly: false,
  append: () => undefined,
  rest: () => undefined,
  breakReserve: async () => undefined,
  hasRoom: async () => true,
};

class MemoryLogs implements RunLogs {
  readonly #runs = new Map<string, { texts: string[]; used: number }>();
  readonly #limits: LogLimits;

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  append(runId: string, lines: readonly LogLine[]): void {
    const run = this.#runs.get(runId) ?? { texts: [], used: 0 };
    const { texts, used } = fitLines(lines, run.used, this.#limits);
    this.#runs.set(runId, { texts: run.texts.concat(texts), used });
  }

  async read(runId: string): Promise<readonly LogLine[]> {
    return (this.#runs.get(runId)?.texts ?? []).map((text) => JSON.parse(text) as LogLine);
  }

  remove(runIds: readonly string[]): void {
    for (const id of runIds) this.#runs.delete(id);
  }
}
