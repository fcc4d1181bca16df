import { hostname } from 'node:os';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkOptions } from '../../src/worker/serve-options.ts';

beforeEach(() => vi.stubEnv('BGTASK_HOME', '/nowhere'));
afterEach(() => vi.unstubAllEnvs());

test('what is not said comes from the settings, or is the default', async () => {
  vi.stubEnv('BGTASK_LIMIT', '7');
  vi.stubEnv('BGTASK_API_URL', 'http://127.0.0.1:4999');
  vi.stubEnv('BGTASK_API_KEY', 'k'.repeat(40));
  const checked = checkOptions({}, 'serve');
  expect(checked).toMatchObject({ slots: 7, name: `${hostname()}:${process.pid}`, processes: 1, drainMs: 30_000, graceMs: 5_000 });
  expect(checked).toMatchObject({ isolation: 'process', watch: false, onEvent: null });
  expect(await checked.address()).toEqual({ url: 'http://127.0.0.1:4999/api', apiKey: 'k'.repeat(40) });
});

test('what is said counts', () => {
  const address = async () => ({ url: '', apiKey: null });
  const onEvent = () => {};
  const options = { limit: 4, name: 'w', processes: 2, drain: '1m', grace: 500, isolation: 'none', watch: true, address, onEvent };
  expect(checkOptions(options, 'serveFiles')).toEqual({
    ...{ slots: 4, name: 'w', processes: 2, drainMs: 60_000, graceMs: 500, isolation: 'none', watch: true, address, onEvent },
  });
});

test.each([
  [{ limt: 3 }, "A worker has no option 'limt'; did you mean 'limit'?"],
  [{ limit: 0 }, "'limit' of a worker is 0"],
  [{ limit: 2, processes: 3 }, "'processes' of a worker is 3; expected at most the limit of runs at once, 2"],
  [{ drain: 'soon' }, "'drain' of a worker"],
  [{ name: '' }, "'name' of a worker"],
  [{ isolation: 'thread' }, '\'isolation\' of a worker is "thread"'],
  [{ watch: 'yes' }, "'watch' of a worker"],
  [{ address: 'http://' }, "'address' of a worker"],
  ['fast', 'expected an object'],
])('%j is refused, and named', (options, message) => {
  expect(() => checkOptions(options, 'serveFiles')).toThrow(message);
});

test('only files are watched', () => {
  expect(() => checkOptions({ watch: true }, 'serve')).toThrow("has no option 'watch'");
});
