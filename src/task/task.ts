/**
 * The task itself: a function that can be called here or submitted. It is all wiring: options.ts checks what was said, request.ts makes
 * what is submitted, direct.ts calls here, `Reach` is the way out.
 */
import type { Future } from '../client/types.ts';
import type { SubmitOptions } from '../core/api.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { callable } from './checks.ts';
import { type Definition, definitionOf, HOOK_NAMES, type Hook, TASK } from './definition.ts';
import { callDirectly } from './direct.ts';
import { checkName, defineTask } from './options.ts';
import type { Reach } from './reach.ts';
import { requestOf, type Target } from './request.ts';
import { checkRunOptions, joinOptions } from './run-options.ts';
import type { AnyRef, AnyTask, DefineTask, RefOf, ServeOptions } from './types.ts';

/** Makes `task`, whose tasks go out through `reach`. */
export function taskMaker(reach: Reach): DefineTask {
  const task = (name: unknown, ...rest: readonly unknown[]): unknown => {
    const [options, fn] = rest.length < 2 ? [{}, rest[0]] : rest;
    return makeTask(reach, defineTask(name, options, fn), {});
  };
  return task as DefineTask;
}

/** Makes `taskRef`. */
export function refMaker(reach: Reach): <T extends AnyRef>(name: T['name']) => RefOf<T> {
  return (name) => {
    checkName(name);
    return makeRef(reach, { name, definition: null }, {}) as never;
  };
}

type Args = readonly unknown[];

/** What `withOptions` added up, for `bindTask`. */
const SAID = Symbol('bgtask.said');

/** A task or ref that goes out another way. A bound task is a ref: it is submitted, never called. */
export function bindTask(reach: Reach, task: AnyRef): object {
  const definition = definitionOf(task) ?? null;
  checkName(task.name);
  return makeRef(reach, { name: task.name, definition }, (task as { [SAID]?: SubmitOptions })[SAID] ?? {});
}

function makeTask(reach: Reach, definition: Definition, said: SubmitOptions): object {
  const task = (...args: Args): Promise<unknown> => callDirectly(definition, said, args, reach);
  const members = {
    ...submitting(reach, { name: definition.name, definition }, said),
    withOptions: (options: unknown) => makeTask(reach, definition, joinOptions(said, checkRunOptions(options, definition.name))),
    serve: (options?: ServeOptions) => reach.serve([task as unknown as AnyTask], options),
    [TASK]: definition,
    [SAID]: said,
  };
  for (const kind of HOOK_NAMES) {
    Object.assign(members, {
      [kind]: (hook: unknown) => {
        definition.hooks[kind].push(callable(hook, `The hook ${kind} of task '${definition.name}'`) as Hook);
        return task;
      },
    });
  }
  return withMembers(task, { name: definition.name, ...members });
}

/** Not enumerable, so that a task prints as the function it is; writable, so that a test can put its own in their place. */
function withMembers(task: object, members: object): object {
  for (const key of Reflect.ownKeys(members)) {
    const value = (members as Record<PropertyKey, unknown>)[key];
    Object.defineProperty(task, key, { value, configurable: true, writable: true });
  }
  return task;
}

function makeRef(reach: Reach, target: Target, said: SubmitOptions): object {
  return {
    name: target.name,
    [SAID]: said,
    ...submitting(reach, target, said),
    withOptions: (options: unknown) => makeRef(reach, target, joinOptions(said, checkRunOptions(options, target.name))),
  };
}

/** The members that tasks and refs share. They need no `this`, so they can be taken out: `const { delay } = greet`. */
function submitting(reach: Reach, target: Target, said: SubmitOptions): object {
  const { name } = target;
  const withSaid = (options: unknown) => (options === undefined ? said : joinOptions(said, checkRunOptions(options, name)));
  return {
    delay: async (...args: Args) => (await submit(reach, target, [args], said))[0],
    applyAsync: async (args: unknown, options?: unknown) =>
      (await submit(reach, target, [listOf(args, `the arguments of task '${name}'`)], withSaid(options)))[0],
    delayMany: async (calls: unknown, options?: unknown) =>
      submit(reach, target, listOfLists(calls, `the calls of task '${name}'`), withSaid(options)),
    map: async (items: unknown, ...rest: Args) =>
      submit(
        reach,
        target,
        itemsOf(items, name).map((item) => [item, ...rest]),
        said,
      ),
    getRun: (id: string) => reach.future(id, name, false),
  };
}

async function submit(reach: Reach, target: Target, calls: readonly Args[], said: SubmitOptions): Promise<Future<unknown>[]> {
  if (calls.length === 0) return [];
  const requests = calls.map((args) => requestOf(target, args, said));
  const settled = requests.some((request) => request instanceof Promise) ? await Promise.all(requests) : requests;
  const submitted = await reach.submit(settled as readonly Awaited<(typeof requests)[number]>[]);
  return submitted.map(({ id, deduplicated }) => reach.future(id, null, deduplicated));
}

function listOf(value: unknown, what: string): Args {
  if (!Array.isArray(value)) throw new InvalidOptionError(what, value, "a list, as in ['Ford']");
  return value;
}

function listOfLists(value: unknown, what: string): readonly Args[] {
  if (!Array.isArray(value)) throw new InvalidOptionError(what, value, "a list of argument lists, as in [['Ford'], ['Prefect']]");
  return value.map((args, index) => listOf(args, `item ${index + 1} of ${what}`));
}

function itemsOf(value: unknown, name: string): Args {
  const isIterable = typeof value === 'object' && value !== null && Symbol.iterator in value;
  if (!isIterable) throw new InvalidOptionError(`The items of map of task '${name}'`, value, "a list or a set, as in ['Ford', 'Prefect']");
  return [...(value as Iterable<unknown>)];
}
