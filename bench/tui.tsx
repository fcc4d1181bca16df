/**
 * How long one frame of the run viewer takes with 10,000 runs in its list, and what it costs while nothing happens.
 * `node bench/tui.mjs` bundles and runs it; it prints one line of JSON per measurement.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { render } from 'ink';
import type { RunView } from '../src/core/api.ts';
import { App } from '../src/tui/app.tsx';
import type { Key } from '../src/tui/keys.ts';
import { Terminal } from '../src/tui/terminal.ts';
import { Viewer } from '../src/tui/viewer.ts';
import { aRunView, countsOf, FakeClient, iso, NOON, someRuns } from '../test/helpers/fake-client.ts';

const RUNS = 10_000;
const FRAMES = 200;

/** A terminal that counts what is written to it. */
function fakeTerminal(columns: number, rows: number) {
  const out = Object.assign(new EventEmitter(), { columns, rows, isTTY: true, writable: true, bytes: 0, write });
  function write(text: string): boolean {
    out.bytes += text.length;
    return true;
  }
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    setEncoding() {},
    setRawMode() {},
    ref() {},
    unref() {},
    read: () => null,
  });
  return { out, stdin: stdin as unknown as NodeJS.ReadStream };
}

function aBusyRun(index: number): Partial<RunView> {
  if (index % 3 === 0) return { name: `Send confirmation email to user-${index}@example.com`, tags: ['vip', 'eu'] };
  if (index % 7 === 0)
    return { state: 'FAILED', stateName: 'Failed', error: { name: 'TypeError', message: 'boom', stack: null, cause: null } };
  return { args: ['images/kitten.png', { width: 300, height: index }] };
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

async function measure(columns: number, rows: number): Promise<void> {
  const client = new FakeClient();
  const { out, stdin } = fakeTerminal(columns, rows);
  const terminal = new Terminal(out as unknown as NodeJS.WriteStream, true);
  const viewer = new Viewer({ client, filter: {}, limit: RUNS, columns, rows, url: 'http://127.0.0.1:4200' });
  terminal.enter();
  const app = render(<App viewer={viewer} />, { stdout: terminal.surface, stdin, debug: true, exitOnCtrlC: false, patchConsole: false });
  viewer.start();
  const runs = someRuns(RUNS, aBusyRun);
  const counts = countsOf(runs);
  client.snapshot(runs);
  await sleep(100);

  let made = RUNS;
  const arriving = (): void => {
    const fresh = Array.from({ length: 20 }, () => aRunView({ id: `run-${made}`, createdAt: iso(NOON + made++), ...aBusyRun(made) }));
    client.say({ type: 'change', seq: made, runs: fresh, removed: [], counts });
  };
  const frames = async (what: string, key: Key, before: () => void = () => {}): Promise<void> => {
    const times: number[] = [];
    const { bytes } = out;
    const cpu = process.cpuUsage();
    for (let frame = 0; frame < FRAMES; frame++) {
      const start = performance.now();
      before();
      viewer.keys([key]);
      await nextTurn(); // by then React has drawn it and the terminal has it
      times.push(performance.now() - start);
    }
    const { user, system } = process.cpuUsage(cpu);
    times.sort((a, b) => a - b);
    const at = (share: number) => rounded(times[Math.floor(times.length * share)] ?? 0);
    // Processor time counts all threads, and is what stays true on a machine that does other things too.
    const cpuMs = rounded((user + system) / 1_000 / FRAMES);
    const bytesPerFrame = Math.round((out.bytes - bytes) / FRAMES);
    console.log(JSON.stringify({ what, size: `${columns}x${rows}`, runs: RUNS, p50: at(0.5), p95: at(0.95), cpuMs, bytesPerFrame }));
  };
  await frames('20 runs arrive', 'g', arriving);
  await frames('one row down', 'j');
  await frames('one page down', 'pagedown'); // 10,000 runs are more pages than frames

  await frames('20 runs arrive while scrolled down', 'k', arriving);
  viewer.keys(['/', 'v', 'i']);
  await frames('20 runs arrive, filtered by text', 'up', arriving);
  viewer.keys(['escape']);

  await sleep(1_000);
  const cpu = process.cpuUsage();
  const seconds = 5;
  await sleep(seconds * 1_000);
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ what: 'idle', size: `${columns}x${rows}`, cpuPercent: rounded((user + system) / (seconds * 10_000)) }));
  viewer.stop();
  app.unmount();
  terminal.leave();
}

await measure(80, 24);
await measure(120, 40);
await measure(200, 60);
console.log(JSON.stringify({ what: 'memory', rssMiB: Math.round(process.memoryUsage().rss / 1_048_576) }));
