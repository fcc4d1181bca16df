/**
 * How fast bgtask is on this machine, and how that compares: `npm run bench -- [--quick] [--rounds N] [--only a,b] [--no-peers]`.
 * Real processes throughout: a server with a durable file store, a worker, and a client of its own for each measurement. Systems take
 * turns inside a round, and medians of the rounds are told, since a machine drifts by more than most differences. Ratios inside one table mean
 * something; figures of two machines or two days do not.
 */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios/index.mjs';
import { SYSTEMS } from './systems/index.mjs';
import { start } from './systems/processes.mjs';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    'no-peers': { type: 'boolean', default: false },
  },
});
const CLIENT = fileURLToPath(new URL('./scenarios/client.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = Number(flags.rounds ?? (flags.quick ? 1 : 5));
const SCALE = flags.quick ? 0.1 : 1;
/** The least a server of the same durability can do, on the 2 cores it was measured on: one process, one sync a batch, no product. */
const FLOOR = {
  one: 1_123,
  flight: 26_774,
  bulk: 39_066,
  drain10: 30_443,
  drain100: 92_609,
  through: 14_499,
  startP50: 1.92,
  resultP50: 3.27,
};
const LATENCIES = [
  ['startP50', 'submit → first user line, idle, p50 ms'],
  ['startP99', 'submit → first user line, idle, p99 ms'],
  ['resultP50', 'submit → result known, idle, p50 ms'],
  ['resultP99', 'submit → result known, idle, p99 ms'],
];
const TMPFS = 0x01021994;

const scenarios = SCENARIOS.filter((one) => !flags.only || flags.only.split(',').includes(one.name));
const systems = SYSTEMS.filter((one) => one.name === 'bgtask' || !flags['no-peers']).filter((one) => {
  const why = one.missing();
  if (why) console.error(`${one.title} is left out: ${why}`);
  return why === null;
});

/** Found values by metric and system: `${metric} ${system}` → one value for each round. */
const found = new Map();
for (let round = 1; round <= ROUNDS; round += 1) {
  for (const scenario of scenarios) {
    for (const system of systems) {
      console.error(`round ${round}/${ROUNDS}  ${scenario.title}  ${system.title}`);
      keep(scenario, system, await measure(system, scenario));
    }
  }
}
console.log(report());

async function measure(system, scenario) {
  const folder = mkdtempSync(join(diskFolder(), 'bgtask-bench-'));
  const opened = await system.open(folder);
  const size = Math.max(100, Math.round(scenario.size * SCALE));
  const client = start(process.execPath, [CLIENT, system.name, scenario.name, String(size), JSON.stringify(opened.where)], {
    stdin: 'pipe',
  });
  let worker;
  try {
    if (scenario.workerSlots > 0) {
      await client.says(/^worker$/m);
      worker = await opened.startWorker(scenario.workerSlots);
      client.child.stdin.write('up\n');
    }
    const [line] = await client.says(/^\{.*\}$/m);
    return JSON.parse(line);
  } finally {
    await client.stop();
    await worker?.stop();
    await opened.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep(scenario, system, values) {
  for (const [metric, value] of Object.entries(values)) {
    const key = `${metric === 'rate' ? scenario.name : metric} ${system.name}`;
    found.set(key, [...(found.get(key) ?? []), value]);
  }
}

/** Where files are on a disk: a store in memory would be measured otherwise. */
function diskFolder() {
  return statfsSync(tmpdir()).type === TMPFS ? ROOT : tmpdir();
}

function report() {
  const metrics = scenarios.flatMap((one) => (one.unit === '/s' ? [[one.name, one.title]] : LATENCIES));
  const peers = systems.filter((one) => one.name !== 'bgtask');
  const head = ['', 'bgtask', 'of the floor', ...peers.flatMap((peer) => [peer.title, 'ratio'])];
  const rows = metrics.map(([metric, title]) => {
    const own = median(`${metric} bgtask`);
    const floor = FLOOR[metric] ? (own / FLOOR[metric]).toFixed(2) : '';
    return [title, shown(own), floor, ...peers.flatMap((peer) => against(own, median(`${metric} ${peer.name}`)))];
  });
  const lines = [head, head.map((_cell, index) => (index === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`Medians of ${ROUNDS} rounds, ${cpus().length} cores, Node ${process.versions.node}`, '', ...lines].join('\n');
}

function against(own, other) {
  return [shown(other), (own / other).toFixed(2)];
}

function median(key) {
  const values = [...(found.get(key) ?? [])].sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
}

function shown(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}
