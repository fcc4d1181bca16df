import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { UnauthorizedError } from '../../src/core/errors.ts';
import { defaultClient, makeClient } from '../../src/task/default-client.ts';
import { type TestServer, testServer } from '../helpers/cli-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.close());
afterEach(() => void vi.unstubAllEnvs());

function stubEnv(env: Record<string, string>): void {
  for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
}

/** Asks something that needs the key. */
async function ask(options: Parameters<typeof makeClient>[0]): Promise<unknown> {
  const client = makeClient(options);
  try {
    return await client.get('no-such-run');
  } finally {
    await client.close();
  }
}

describe('a client', () => {
  test('finds the server of the settings, and its key', async () => {
    stubEnv(server.env);
    await expect(ask({})).resolves.toBeNull();
  });

  test('finds the key of another server on this machine by its address, with or without /api', async () => {
    stubEnv(server.home.env);
    vi.stubEnv('BGTASK_API_URL', 'http://127.0.0.1:1');
    await expect(ask({ url: server.server.url })).resolves.toBeNull();
    await expect(ask({ url: `${server.server.url}/api/` })).resolves.toBeNull();
  });

  test('uses the key it is given', async () => {
    stubEnv(server.env);
    await expect(ask({ apiKey: 'wrong-key-wrong-key-wrong-key-wrong-key' })).rejects.toThrow(UnauthorizedError);
    await expect(ask({ url: server.server.url, apiKey: 'wrong-key-wrong-key-wrong-key-wrong-key' })).rejects.toThrow(UnauthorizedError);
  });

  test('does not show the key of one server to another', async () => {
    stubEnv(server.home.env);
    vi.stubEnv('BGTASK_API_URL', 'http://127.0.0.1:1');
    vi.stubEnv('BGTASK_API_KEY', 'key-of-the-other-key-of-the-other-key');
    await expect(ask({ url: server.server.url })).resolves.toBeNull();
  });

  test('reads its settings anew where they were wrong', async () => {
    stubEnv(server.env);
    const client = makeClient({});
    vi.stubEnv('BGTASK_API_URL', 'nonsense');
    await expect(client.get('no-such-run')).rejects.toThrow(/BGTASK_API_URL/);
    stubEnv(server.env);
    await expect(client.get('no-such-run')).resolves.toBeNull();
    await client.close();
  });

  test.each([
    [{ url: 'localhost' }, 'url of connect is "localhost"; expected an address'],
    [{ url: 'file:///etc' }, 'url of connect is "file:///etc"; expected an address'],
    [{ url: 7 }, 'url of connect is 7; expected an address'],
    [{ submitTimeout: 'soon' }, 'submitTimeout of connect is "soon"; expected milliseconds or text'],
    [{ apiKey: '' }, 'apiKey of connect is ""; expected the text'],
  ])('is refused for %j', (options, message) => {
    expect(() => makeClient(options as never)).toThrow(message);
  });

  test('by default is one for the process', () => {
    expect(defaultClient()).toBe(defaultClient());
  });
});
