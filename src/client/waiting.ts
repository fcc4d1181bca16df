/** Tells the run whose code waits here for another one: as long as it does, it needs no slot. Outside of a run it does nothing. */

/** What is used of the context of a run (src/task/context.ts), which a browser has not and another copy of the library may not know. */
interface Scope {
  waiting?(by: 1 | -1): void;
}
const CONTEXT = Symbol.for('bgtask.context');

/** Gives what `wait` gives. */
export async function whileWaiting<T>(wait: () => Promise<T>): Promise<T> {
  const scope = (globalThis as { [CONTEXT]?: { getStore(): Scope | undefined } })[CONTEXT]?.getStore();
  if (scope === undefined) return wait();
  scope.waiting?.(1);
  try {
    return await wait();
  } finally {
    scope.waiting?.(-1);
  }
}
