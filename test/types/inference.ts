/**
 * What TypeScript must infer of tasks, and what it must refuse. Compiled by `npm run types`, and by inference.test.ts with the settings
 * of other projects. Nothing here runs.
 */
import { z } from 'zod';
import type { Future, StandardSchema } from '../../src/index.ts';
import { allowFailure, asCompleted, type getRun, runContext, task, taskRef, waitAll } from '../../src/index.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_same: Same<A, B>): void {}

// ---- The function is inferred whole

const greet = task('greet', async (name: string) => `Hello, ${name}!`);
same<typeof greet.name, 'greet'>(true);
same<Parameters<typeof greet>, [name: string]>(true);
same<ReturnType<typeof greet>, Promise<string>>(true);

const resize = task(
  'resize',
  { retries: 3, retryDelay: ['1s', '10s'], retryJitter: 0.2, timeout: '30s', ttl: '1h30m', tags: ['image'], concurrency: 2 },
  async (file: string, width = 300, format?: 'png' | 'jpg') => ({ file, width, format }),
);
same<Parameters<typeof resize>, [file: string, width?: number | undefined, format?: 'png' | 'jpg' | undefined]>(true);

const sum = task('sum', (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0));
const nothing = task('nothing', { retries: 1 }, () => {});
const named = task('named', { runName: (file, count) => `${file} ${count ?? 1}` }, (file: string, count?: number) =>
  file.repeat(count ?? 1),
);
const keyed = task(
  'keyed',
  { concurrency: { limit: 1, key: (user) => user.id }, idempotencyKey: (user) => user.id },
  (user: { id: string }) => user,
);

export async function calls(): Promise<void> {
  same<Awaited<ReturnType<typeof resize>>, { file: string; width: number; format: 'png' | 'jpg' | undefined }>(true);
  const future = await greet.delay('Marvin');
  same<typeof future, Future<string>>(true);
  same<Awaited<ReturnType<typeof future.result>>, string>(true);
  await Promise.all([resize.delay('a'), resize.delay('a', 100), resize.delay('a', 100, 'png'), sum.delay(1, 2, 3), nothing.delay()]);
  await Promise.all([named.delay('a'), keyed.delay({ id: 'u' }), resize.applyAsync(['a', 100], { delay: '5m', waitFor: [future] })]);
  const many = await resize.delayMany([['a'], ['b', 2]], { tags: ['t'] });
  same<typeof many, Awaited<ReturnType<typeof resize.delay>>[]>(true);
  await Promise.all([resize.map(['a', 'b']), resize.map(new Set(['a']), 100, 'jpg'), greet.withOptions({ priority: '1m' }).map(['x'])]);
  const run = await future.wait();
  if (run.state === 'COMPLETED') same<typeof run.result, string>(true);
  else same<typeof run.result, null>(true);
  same<Awaited<ReturnType<ReturnType<typeof greet.getRun>['get']>>['result'], string | null>(true);
  same<Awaited<ReturnType<ReturnType<typeof getRun>['result']>>, unknown>(true);
}

export async function refused(): Promise<void> {
  // @ts-expect-error: no number
  await greet.delay(3);
  // @ts-expect-error: one argument is missing
  await greet.delay();
  // @ts-expect-error: one argument is too many
  await greet.delay('a', 'b');
  // @ts-expect-error: no width
  await resize.delay('a', 'wide');
  // @ts-expect-error: a text is no list of items
  await greet.map('Ford');
  // @ts-expect-error: the rest of map is typed too
  await resize.map(['a'], 'wide');
  // @ts-expect-error: a misspelt call option
  await greet.applyAsync(['a'], { dely: '5s' });
  // @ts-expect-error: a duration names its unit
  await greet.applyAsync(['a'], { delay: '5' });
  // @ts-expect-error: a function cannot travel
  greet.withOptions({ runName: () => 'x' });
  // @ts-expect-error: a misspelt option
  task('x', { retrys: 3 }, () => 1);
  // @ts-expect-error: an option of a wrong type
  task('x', { retries: '3' }, () => 1);
  // @ts-expect-error: no function
  task('x', { retries: 3 });
}

// ---- Futures in arguments

export async function futures(file: Future<string>, width: Future<number>): Promise<void> {
  const order = task('order', (_o: { lines: { sku: string; count: number }[]; note?: string }, _at: Date) => 1);
  await resize.delay(file, width);
  await resize.map([file, 'b'], width);
  await order.delay({ lines: [{ sku: file, count: 1 }], note: file }, new Date());
  await greet.applyAsync([file], { waitFor: [width] });
  const settle = task('settle', (end: PromiseSettledResult<string>) => end.status);
  await settle.delay(allowFailure(file));
  await settle.applyAsync([allowFailure(file)], { waitFor: [allowFailure(width)] });
  const [first, second] = await waitAll([file, width]);
  same<typeof first.result, string | null>(true);
  same<typeof second.result, number | null>(true);
  for await (const done of asCompleted([file])) same<typeof done, Future<string>>(true);
  // @ts-expect-error: it becomes how the run settled, not its result
  await resize.delay(allowFailure(file));
  // @ts-expect-error: a future of something else
  await resize.delay(width);
  // @ts-expect-error: deep inside too
  await order.delay({ lines: [{ sku: width, count: 1 }] }, new Date());
  // @ts-expect-error: a direct call takes values
  await greet(file);
}

// ---- Refs

const ref = taskRef<typeof resize>('resize');
same<Parameters<typeof ref.delay>, Parameters<typeof resize.delay>>(true);
same<ReturnType<typeof ref.delay>, ReturnType<typeof resize.delay>>(true);
export async function refs(): Promise<void> {
  await ref.map(['a'], 3);
  await taskRef<typeof ref>('resize').delay('a');
  // @ts-expect-error: another name
  taskRef<typeof resize>('resise');
  // @ts-expect-error: a ref has no function to call
  await ref('a');
  // @ts-expect-error: no hooks either
  ref.onCompleted(() => {});
}

// ---- Schemas

declare const schema: StandardSchema<{ n: string; unit?: string }, { n: number; unit: string }>;
const parsed = task('parsed', { input: schema, runName: ({ n, unit }) => `${n + 1} ${unit}` }, async (input) => input.n * 2);
same<Parameters<typeof parsed>, [input: { n: string; unit?: string }]>(true);
same<Awaited<ReturnType<typeof parsed>>, number>(true);
const order = z.object({ sku: z.string(), count: z.number().default(1), at: z.coerce.date() });
const ordered = task('ordered', { input: order, idempotencyKey: ({ sku }) => sku }, ({ sku, count, at }) => [sku, count, at] as const);
same<Parameters<typeof ordered>, [input: z.input<typeof order>]>(true);
same<Awaited<ReturnType<typeof ordered>>, readonly [string, number, Date]>(true);
declare const anything: StandardSchema<string | undefined, string>;
const optional = task('optional', { input: anything }, (input) => input.length);
same<Parameters<typeof optional>, [input?: string | undefined]>(true);
export async function schemas(): Promise<void> {
  await parsed.delay({ n: '3' });
  await ordered.delay({ sku: 'a', at: '2030-01-01' });
  await optional.delay();
  // @ts-expect-error: the input, not the output
  await parsed.delay({ n: 3, unit: 'm' });
  task('x', { input: schema }, (input) => {
    // @ts-expect-error: the output, not the input
    return input.n.length;
  });
}

// ---- Hooks

resize.onRunning((run, file, width) => {
  same<typeof run.state, 'RUNNING'>(true);
  same<typeof file, string>(true);
  same<typeof width, number | undefined>(true);
});
resize.onCompleted(async (run) => same<typeof run.result, { file: string; width: number; format: 'png' | 'jpg' | undefined }>(true));
resize.onFailed((run) => {
  same<typeof run.error.state, 'FAILED' | 'CRASHED' | 'CANCELLED' | 'EXPIRED'>(true);
  same<typeof run.error.cause, unknown>(true);
});
resize.onRetrying((run) => same<typeof run.error, Error>(true));
resize
  .onCrashed(() => {})
  .onCancelled(() => {})
  .onExpired((run) => same<typeof run.state, 'EXPIRED'>(true));
// @ts-expect-error: no such argument
resize.onCompleted((_run, _file: number) => {});

// ---- The context

export function context(): void {
  const { runId, task: name, attempt, signal, log, progress, attemptKey } = runContext();
  same<[typeof runId, typeof name, typeof attempt, typeof attemptKey], [string, string, number, string]>(true);
  signal.throwIfAborted();
  log('text', { data: 1 });
  log.warn('text');
  progress(1, 2, 'note');
  // @ts-expect-error: a number
  progress('1', 2);
}
