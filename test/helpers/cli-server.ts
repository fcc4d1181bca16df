/** A server for commands in this process: memory store, free port, a home of its own with its key and record. */
import { type Client, createClient } from '../../src/client/client.ts';
import { nodeTransport } from '../../src/client/node.ts';
import { loadSettings } from '../../src/config/config.ts';
import { homeFolders } from '../../src/config/home.ts';
import { addressOf, ensureToken, tokenFileOf, writeServerRecord } from '../../src/config/servers.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { type TestHome, testHome } from './cli.ts';

export interface TestServer {
  readonly home: TestHome;
  readonly store: Store;
  readonly server: RunningServer;
  /** For `bgtask`: this server, this home. */
  readonly env: Record<string, string>;
  readonly client: Client;
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
  return {
    ...{ home, store, server, env, client },
    async close() {
      await client.close();
      await server.close();
      await store.close();
      home.remove();
    },
  };
}
