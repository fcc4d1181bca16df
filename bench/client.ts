/**
 * How fast the client is by itself, against a server in another process that stores nothing and answers at once.
 *   node --import tsx bench/client.ts
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { createClient } from '../src/client/client.ts';
import { RunFuture } from '../src/client/future.ts';
import { nodeTransport } from '../src/client/node.ts';

if (process.send) serve();
else await measure();

async function measure(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: process.execArgv });
  const [port] = (await once(child, 'message')) as [number];
  const address = async () => ({ url: `http://127.0.0.1:${port}/api`, apiKey: null });
  const request = { task: 'greet', argsJson: '["Marvin",{"n":1}]' };

  const http = createClient({ address, transport: nodeTransport() });
  await rate('submit over HTTP, one by one', 5_000, 1, () => http.request('POST', '/runs', { id: 'x', task: 'greet', args: ['Marvin'] }));
  const client = createClient({ address, transport: nodeTransport() });
  const submit = () => client.submit([request]);
  for (let i = 0; i < 200; i += 1) await submit();
  await rate('submit, one by one', 5_000, 1, submit);
  await rate('submit, 100 in flight', 100_000, 100, submit);
  await rate('submit, 1,000 in flight', 200_000, 1_000, submit);
  const bulk = Array.from({ length: 1_000 }, () => request);
  await rate('submit, bulk of 1,000 (runs)', 200, 1, () => client.submit(bulk), 1_000);
  await rate('submit and result, 100 in flight', 50_000, 100, async () => {
    const [run] = await client.submit([request]);
    return new RunFuture(client, run?.id ?? '').result();
  });
  await http.close();
  await client.close();
  child.kill();
}

async function rate(what: string, count: number, inFlight: number, once: () => Promise<unknown>, each = 1): Promise<void> {
  let left = count;
  const since = performance.now();
  const cpu = process.cpuUsage();
  const loop = async (): Promise<void> => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const ms = performance.now() - since;
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = Math.round((count * each * 1_000) / ms).toLocaleString('en');
  console.log(`${what.padEnd(36)} ${perSecond.padStart(9)} /s ${((user + system) / (count * each)).toFixed(1).padStart(7)} us CPU each`);
}

const run = (id: string) => ({
  id,
  task: 'greet',
  state: 'COMPLETED',
  stateName: 'Completed',
  result: 42,
  args: [],
  attempt: 1,
  error: null,
});

function answersTo({ type, ref, runs, ids }: { type: string; ref: number; runs: { id: string }[]; ids: string[] }): string[] {
  switch (type) {
    case 'submit':
      return [JSON.stringify({ type: 'submitted', ref, runs: runs.map(({ id }) => ({ id, deduplicated: false })) })];
    case 'watch':
      return ids.map((id) => JSON.stringify({ type: 'run', run: run(id) }));
    default:
      return type === 'ping' ? ['{"type":"pong"}'] : [];
  }
}

function serve(): void {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.writeHead(201).end(JSON.stringify(run((JSON.parse(body) as { id: string }).id))));
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    let texts: string[] = [];
    const send = (text: string): void => {
      if (texts.push(text) > 1) return;
      setImmediate(() => {
        const net = (socket as unknown as { _socket: { cork(): void; uncork(): void } })._socket;
        net.cork();
        for (const one of texts) socket.send(one);
        net.uncork();
        texts = [];
      });
    };
    socket.on('message', (data) => {
      for (const text of answersTo(JSON.parse(String(data)))) send(text);
    });
  });
  process.once('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}
