/** A server for commands in this process: memory store, free port, a home of its own with its key and record. */
import { type Client, createClient } from '../../src/client/client.ts';
import { nodeTransport } from '../../src/client/node.ts';
import { loadSettings } from '../../src/config/config.ts';
import { homeFolders } from '../../src/config/home.ts';
import { addressOf, ensureToken, tokenFileOf, writeServerRecord } from '../../src/config/servers.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import type { AnyTask } from '../../src/task/types.ts';
import { serve, type Worker } from '../../src/worker/serve.ts';
import { type TestHome, testHome } from './cli.ts';

export interface TestServer {
  readonly home: TestHome;
  readonly store: Store;
  readonly server: RunningServer;
  /** For `bgtask`: this server, this home. */
  readonly env: Record<string, string>;
  readonly client: Client;
  /** Runs tasks in this process until the server closes. */
  serve(...tasks: AnyTask[]): Promise<void>;
  close(): Promise<void>;
}

export async function testServer(): Promise<TestServer> {
  const home = testHome();
  const folders = homeFolders(home.env);
  const store = await openStore('memory:');
  const tokenFile = tokenFileOf(store.url, folders);
  const server = await startServer({ store, port: 0, token: ensureToken(tokenFile), version: '0.0.0-test' });
  writeServerRecord(folders, { url: server.url, pid: process.pid, store: store.url, tokenFile });
  const env = { ...home.env, BGTASK_API_URL: server.url };
  const client = createClient({ address: addressOf(loadSettings({}, env)), transport: nodeTransport() });
  const address = addressOf(loadSettings({}, env));
  const workers: Worker[] = [];
  return {
    ...{ home, store, server, env, client },
    async serve(...tasks) {
      const worker = await serve(tasks, { isolation: 'none', name: 'test-worker', limit: 10, address, onEvent: () => {} });
      workers.push(worker);
      await worker.ready;
    },
    async close() {
      for (const worker of workers) await worker.stop();
      await client.close();
      await server.close();
      await store.close();
      home.remove();
    },
  };
}

/** The answer of `look` once it is one. */
export async function until<T>(look: () => T | undefined | null | false, ms = 10_000): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const found = look();
    if (found) return found;
  }
  throw new Error(`It did not come about within ${ms} ms: ${look}`);
}
