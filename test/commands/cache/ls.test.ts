import { afterAll, beforeAll, expect, test } from 'vitest';
import CacheLs from '../../../commands/cache/ls.ts';
import { task } from '../../../src/index.ts';
import { bgtask } from '../../helpers/cli.ts';
import { type TestServer, testServer } from '../../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());

test('without a result it says how one is kept', async () => {
  const { stdout, stderr, exit } = await bgtask(CacheLs, [], server.env);
  expect([stdout, exit]).toEqual(['', 0]);
  expect(stderr).toBe("No result is kept. Give a task a cache: task('name', { cache: { key: ['inputs'] } }, fn)\n");
  expect((await bgtask(CacheLs, ['--json'], server.env)).json()).toEqual([]);
});

test('results are listed with their keys and runs', async () => {
  await server.serve(task('resize', { cache: { key: ['inputs'], expires: '1h' } }, async (n: number) => n));
  const run = async (n: number) => (await server.client.submit([{ task: 'resize', argsJson: `[${n}]` }]))[0]?.id as string;
  const ids = [await run(1), await run(2)];
  await expect.poll(async () => (await bgtask(CacheLs, ['--json'], server.env)).json<unknown[]>().length).toBe(2);
  const listed = (await bgtask(CacheLs, ['--json'], server.env)).json<{ run: string; key: string }[]>();
  expect(listed.map((entry) => entry.run).sort()).toEqual(ids.sort());
  const shown = await bgtask(CacheLs, ['--task', 'resize', '--limit', '1'], server.env);
  expect(shown.stdout).toMatch(/^TASK .*\nresize {2}[0-9a-f]{12} .* in (1h|59m)\n$/);
  expect(shown.stderr).toBe('2 results in all. More: --limit\n');
});
