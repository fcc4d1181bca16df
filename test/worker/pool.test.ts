import { describe, expect, test, vi } from 'vitest';
import { plainError } from '../../src/core/run.ts';
import { JumpClock } from './jump-clock.ts';
import { anAssignment, aPool, childOf, childrenOf, fixture, isAlive } from './pools.ts';

// Real processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 });

describe('what comes of a run', () => {
  test('a result comes back as it is stored, an error with the line of the source', async () => {
    const { pool, told } = await aPool();
    const [good, bad, silent] = [anAssignment('greet', ['Ford']), anAssignment('fail', ['no tea']), anAssignment('noop')];
    pool.assign([good, bad, silent]);
    expect(await told.outcomeOf(good)).toEqual({ runId: good.runId, token: good.token, type: 'succeed', result: '"Hello, Ford!"' });
    expect(await told.outcomeOf(silent)).toMatchObject({ type: 'succeed', result: null });
    const failed = await told.outcomeOf(bad);
    expect(failed).toMatchObject({ type: 'fail', error: { name: 'Error', message: 'no tea' }, retry: false, timedOut: false });
    expect(failed.type === 'fail' && failed.error.stack).toMatch(/basic\.ts:16:9/);
  });

  test('what code prints comes as a log of its run and as output of its child', async () => {
    const { pool, told } = await aPool();
    const run = anAssignment('say', ['two\nlines']);
    pool.assign([run]);
    await told.outcomeOf(run);
    expect(told.lines).toMatchObject([{ token: run.token, level: 'info', text: 'two\nlines', attempt: 1 }]);
    await told.until(() => told.events.filter((event) => event.type === 'output').length === 2);
    expect(told.events).toMatchObject([
      { type: 'output', stream: 'stdout', text: 'two' },
      { type: 'output', stream: 'stdout', text: 'lines' },
    ]);
  });

  test('a start is told before the code can block the thread', async () => {
    const { pool, told } = await aPool({ files: [fixture('stubborn.ts')] });
    const run = anAssignment('blocks');
    pool.assign([run]);
    expect(await told.startOf(run)).toBe(true);
    pool.kill('The test is over');
    expect(await told.outcomeOf(run)).toMatchObject({ type: 'release', reason: 'The test is over' });
  });

  test('a task that is not there any more gives its run back', async () => {
    const { pool, told } = await aPool();
    const run = anAssignment('renamed');
    pool.assign([run]);
    expect(await told.outcomeOf(run)).toMatchObject({ type: 'release', reason: expect.stringContaining("'renamed'") });
  });
});

describe('death of a child', () => {
  test('every run that shared it is a crash, none of them alone, and the child is replaced', async () => {
    const { pool, told } = await aPool();
    const [culprit, neighbour] = [anAssignment('die', [42]), anAssignment('wait', [60_000])];
    pool.assign([neighbour, culprit]);
    expect(await told.outcomeOf(culprit)).toMatchObject({ type: 'crash', alone: false });
    expect(await told.outcomeOf(neighbour)).toMatchObject({ type: 'crash', alone: false });
    expect(await told.event('child-crashed')).toMatchObject({ exitCode: 42, signal: null, runs: 2 });
    const next = anAssignment('greet', ['Zaphod']);
    pool.assign([next]);
    expect(await told.outcomeOf(next)).toMatchObject({ type: 'succeed' });
  });

  test('a crash says the exit code and the last lines of the process', async () => {
    const { pool, told } = await aPool();
    const run = anAssignment('die', [42]);
    pool.assign([run]);
    const outcome = await told.outcomeOf(run);
    expect(outcome).toMatchObject({ type: 'crash', alone: true, error: { name: 'ProcessCrashedError' } });
    expect(outcome.type === 'crash' && outcome.error.message).toMatch(/exit code 42.*about to die/s);
  });

  test('a run that had not begun is no crash', async () => {
    const { pool, told } = await aPool();
    const busy = anAssignment('busy', [60_000]);
    pool.assign([busy]);
    await told.startOf(busy);
    const behind = anAssignment('wait', [0]);
    pool.assign([behind]);
    await new Promise((resolve) => setImmediate(resolve));
    process.kill(childOf(process.pid), 'SIGKILL');
    expect(await told.outcomeOf(busy)).toMatchObject({
      type: 'crash',
      alone: true,
      error: { message: expect.stringContaining('SIGKILL') },
    });
    expect(await told.outcomeOf(behind)).toMatchObject({ type: 'release' });
  });

  test('a hook that it had not begun to call is called by the next', async () => {
    const { pool, told } = await aPool({ files: [fixture('hooked.ts')] });
    const run = anAssignment('busy', [60_000]);
    pool.assign([run]);
    await told.startOf(run);
    const ended = { task: 'busy', name: null, state: 'FAILED', stateName: 'TimedOut', attempt: 2, maxAttempts: 2 } as const;
    pool.tell([
      { ...ended, hook: 'onFailed', runId: 'other', args: '[1]', tags: [], parentId: null, error: plainError('E', 'm'), upstream: {} },
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    process.kill(childOf(process.pid), 'SIGKILL');
    await told.outcomeOf(run);
    await told.until(() => told.events.some((event) => event.type === 'output' && event.text === 'onFailed of other'));
    await pool.idle();
  });

  test('runs that must be alone run in children where nothing else does, at the same time as others', async () => {
    const { pool, told } = await aPool();
    const [other, one, two] = [
      anAssignment('polite'),
      anAssignment('polite', [], { alone: true }),
      anAssignment('polite', [], { alone: true }),
    ];
    pool.assign([other, one, two]);
    for (const run of [other, one, two]) await told.startOf(run);
    expect(childrenOf(process.pid)).toHaveLength(3);
  });

  test('a suspect that dies takes nobody along, and the next suspect gets a child of its own', async () => {
    const { pool, told } = await aPool();
    const [neighbour, suspect, other] = [
      anAssignment('wait', [1_500]),
      anAssignment('die', [1], { alone: true }),
      anAssignment('greet', ['Trillian'], { alone: true }),
    ];
    pool.assign([neighbour, suspect, other]);
    expect(await told.outcomeOf(suspect)).toMatchObject({ type: 'crash', alone: true });
    expect(await told.outcomeOf(other)).toMatchObject({ type: 'succeed' });
    expect(await told.outcomeOf(neighbour)).toMatchObject({ type: 'succeed' });
  });
});

describe('code that must stop', () => {
  test('a cancelled run that heeds its signal is stopped, and its child goes on', async () => {
    const { pool, told } = await aPool();
    const [run, neighbour] = [anAssignment('polite'), anAssignment('wait', [400])];
    pool.assign([run, neighbour]);
    await told.startOf(run);
    pool.stop(run.token, 'cancel', 'Not needed');
    expect(await told.outcomeOf(run)).toMatchObject({ type: 'stopped' });
    const pid = resultOf(await told.outcomeOf(neighbour));
    expect(isAlive(pid)).toBe(true);
  });

  test('a success that comes before the stop is a success', async () => {
    const { pool, told } = await aPool({ files: [fixture('stubborn.ts')] });
    const run = anAssignment('hooked');
    pool.assign([run]);
    await told.startOf(run);
    pool.stop(run.token, 'cancel', 'Not needed');
    expect(await told.outcomeOf(run)).toMatchObject({ type: 'succeed', result: '"came first"' });
  });

  test('a run cancelled in the turn in which it was given never begins', async () => {
    const { pool, told } = await aPool();
    const run = anAssignment('wait', [60_000]);
    pool.assign([run]);
    pool.stop(run.token, 'cancel', 'Not needed');
    expect(await told.outcomeOf(run)).toMatchObject({ type: 'stopped' });
    expect(told.startedTokens).toEqual([]);
  });

  test('a cancelled run that does not stop is killed after the grace; its neighbours finish first', async () => {
    const clock = new JumpClock();
    const { pool, told } = await aPool({ files: [fixture('stubborn.ts')], clock });
    const [run, neighbour] = [anAssignment('deaf'), anAssignment('wait', [1_000])];
    pool.assign([run, neighbour]);
    await told.startOf(neighbour);
    pool.stop(run.token, 'cancel', 'Not needed');
    clock.jump(5_000);
    const after = anAssignment('wait', [0]);
    pool.assign([after]);
    const pid = resultOf(await told.outcomeOf(neighbour));
    expect(await told.outcomeOf(run)).toMatchObject({ type: 'stopped' });
    expect(resultOf(await told.outcomeOf(after))).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
    expect(told.events.filter((event) => event.type === 'child-crashed')).toEqual([]);
  });

  test('a run over its timeout that does not stop fails as timed out, with the retry delay of its task', async () => {
    const clock = new JumpClock();
    const { pool, told } = await aPool({ files: [fixture('stubborn.ts')], clock });
    const run = anAssignment('deaf', [], { timeoutMs: 50, maxAttempts: 2 });
    pool.assign([run]);
    await told.startOf(run);
    clock.jump(5_050);
    expect(await told.outcomeOf(run)).toMatchObject({
      ...{ type: 'fail', timedOut: true, retry: true, retryDelayMs: 0 },
      error: { name: 'TaskTimeoutError', message: expect.stringContaining('50 ms') },
    });
  });

  test('where the loop does not turn, the neighbours of a run that must stop are given back uncharged', async () => {
    const clock = new JumpClock();
    const { pool, told } = await aPool({ files: [fixture('stubborn.ts')], clock });
    const [late, blocks] = [anAssignment('deaf', [], { timeoutMs: 60_000 }), anAssignment('blocks')];
    pool.assign([late]);
    await told.startOf(late);
    pool.assign([blocks]);
    await told.startOf(blocks);
    clock.jump(65_000);
    await new Promise((resolve) => setImmediate(resolve));
    clock.jump(2_000);
    expect(await told.outcomeOf(late)).toMatchObject({ type: 'fail', timedOut: true });
    expect(await told.outcomeOf(blocks)).toMatchObject({ type: 'release' });
  });

  test('a kill takes the processes along that the run started', async () => {
    const { pool, told } = await aPool({ files: [fixture('stubborn.ts')] });
    const run = anAssignment('parent');
    pool.assign([run]);
    const line = await told.until(() => told.lines.find(({ text }) => text.startsWith('grandchild')));
    const pid = Number(line.text.split(' ')[1]);
    expect(isAlive(pid)).toBe(true);
    pool.kill('Enough');
    await told.outcomeOf(run);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('a run that is given back ends early where it can, and is released', async () => {
    const { pool, told } = await aPool();
    const [polite, quick] = [anAssignment('polite'), anAssignment('wait', [300])];
    pool.assign([polite, quick]);
    await told.startOf(quick);
    pool.giveUp('The worker stops');
    expect(await told.outcomeOf(polite)).toMatchObject({ type: 'release', reason: 'The worker stops' });
    expect(await told.outcomeOf(quick)).toMatchObject({ type: 'succeed' });
  });

  test('closing kills children that do not go', async () => {
    const clock = new JumpClock();
    const { pool, told } = await aPool({ files: [fixture('stubborn.ts')], clock });
    const run = anAssignment('wait', [0]);
    pool.assign([run]);
    const pid = resultOf(await told.outcomeOf(run));
    const closed = pool.close();
    clock.jump(5_000);
    await closed;
    expect(isAlive(pid)).toBe(false);
  });
});

describe('errors that nobody catches', () => {
  const files = [fixture('strays.ts')];

  test('one that escapes a run fails that run, with its delay, and leaves its neighbours alone', async () => {
    const { pool, told } = await aPool({ files });
    const [run, neighbour] = [anAssignment('forgets', [], { maxAttempts: 2 }), anAssignment('wait', [300])];
    pool.assign([neighbour, run]);
    expect(await told.outcomeOf(run)).toMatchObject({
      ...{ type: 'fail', retry: true, retryDelayMs: 7_000, timedOut: false },
      error: { name: 'Error', message: 'nobody awaited me' },
    });
    expect(told.lines).toMatchObject([{ token: run.token, level: 'error', text: expect.stringContaining('nobody awaited me') }]);
    expect(await told.outcomeOf(neighbour)).toMatchObject({ type: 'succeed' });
  });

  test('one thrown while its run goes on is that run’s error, and the code is stopped', async () => {
    const clock = new JumpClock();
    const { pool, told } = await aPool({ files, clock });
    const run = anAssignment('lateError');
    pool.assign([run]);
    await told.until(() => told.lines.length > 0);
    clock.jump(5_000);
    expect(await told.outcomeOf(run)).toMatchObject({ type: 'fail', error: { message: 'thrown in a timer' } });
  });

  test('one that belongs to no run ends the child, and the logs of its runs say why', async () => {
    const { pool, told } = await aPool({ files });
    const [bomb, neighbour] = [anAssignment('timeBomb', [50]), anAssignment('wait', [60_000])];
    pool.assign([bomb, neighbour]);
    expect(await told.outcomeOf(bomb)).toMatchObject({ type: 'succeed' });
    const outcome = await told.outcomeOf(neighbour);
    expect(outcome).toMatchObject({ type: 'crash', alone: true });
    expect(outcome.type === 'crash' && outcome.error.message).toMatch(/exit code 1.*left behind/s);
    expect(told.lines).toMatchObject([{ token: neighbour.token, level: 'error', text: expect.stringContaining('left behind') }]);
  });

  test('what is logged after the end of a run is printed and belongs to nobody', async () => {
    const { pool, told } = await aPool({ files });
    const run = anAssignment('afterwards');
    pool.assign([run]);
    await told.until(() => told.events.find((event) => event.type === 'output' && event.text === 'too late'));
    expect(told.lines.map(({ text }) => text)).toEqual(['in time']);
  });
});

function resultOf(outcome: { type: string; result?: string | null }): number {
  expect(outcome.type).toBe('succeed');
  return Number(outcome.result);
}
