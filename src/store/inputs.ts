/**
 * What workers told of the input of their tasks, as JSON Schema, so that a server that starts anew can refuse what does not fit before
 * they are back. What was told last counts; of very many the ones told first are forgotten, which refuses nothing.
 */
import type { Changes, Fact } from './rows.ts';

const MOST = 1_000;
/** Characters of one, and of all together. */
const MOST_LENGTH = 65_536;
const MOST_TOTAL = 2_097_152;

/** A task with its JSON Schema as text; null: it has none. */
export type TaskInput = Pick<Extract<Fact, { kind: 'input' }>, 'task' | 'schema'>;

export class TaskInputs {
  #byTask = new Map<string, string>();
  #total = 0;

  all(): TaskInput[] {
    return [...this.#byTask].map(([task, schema]) => ({ task, schema }));
  }

  /** Leaves a fact in `changes` for each that is news. */
  tell(inputs: readonly TaskInput[], at: number, changes: Changes | null): void {
    const news = inputs.map(keepable).filter(({ task, schema }) => (this.#byTask.get(task) ?? null) !== schema);
    if (news.length === 0) return;
    const before = { byTask: changes && new Map(this.#byTask), total: this.#total };
    for (const { task, schema } of news) {
      this.#keep(task, schema);
      changes?.facts.push({ kind: 'input', task, schema, at });
    }
    const undo = () => {
      this.#byTask = before.byTask as Map<string, string>;
      this.#total = before.total;
    };
    changes?.steps.push({ undo });
  }

  /** As a snapshot keeps it. */
  kept(): { inputs?: [string, string][] } {
    return this.#byTask.size === 0 ? {} : { inputs: [...this.#byTask] };
  }

  load({ inputs = [] }: { readonly inputs?: readonly (readonly [string, string])[] }): void {
    for (const [task, schema] of inputs) this.#keep(task, schema);
  }

  #keep(task: string, schema: string | null): void {
    this.#total += (schema?.length ?? 0) - (this.#byTask.get(task)?.length ?? 0);
    this.#byTask.delete(task);
    if (schema !== null) this.#byTask.set(task, schema);
    for (const [oldest, text] of this.#byTask) {
      if (this.#byTask.size <= MOST && this.#total <= MOST_TOTAL) return;
      this.#byTask.delete(oldest);
      this.#total -= text.length;
    }
  }
}

function keepable({ task, schema }: TaskInput): TaskInput {
  return { task, schema: schema === null || schema.length > MOST_LENGTH ? null : schema };
}
