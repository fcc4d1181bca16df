/**
 * Hurts a running bgtask and checks that every promise held: `npm run torture -- [--seed N] [--minutes M] [--agents a,b] [--rate N]
 * [--workers N] [--eager N]`; eager: so many times likelier than usual does each agent do harm.
 * The seed decides who does harm and when, so that a failing run can be tried again; how the machine schedules it is not ours to fix.
 * Exit code 1: a rule was broken, which it names with the history of the run.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomFrom } from '../helpers/random.ts';
import { AGENTS, type Agent, type World } from './agents.ts';
import { Cluster } from './cluster.ts';
import { type Fault, type History, type Submitted, violations } from './history.ts';
import { Onlooker } from './intruders.ts';

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '2' },
    agents: { type: 'string' },
    rate: { type: 'string', default: '5' },
    workers: { type: 'string', default: '2' },
    eager: { type: 'string', default: '1' },
  },
});
/** After the last fault: one lease, one retry, and what a loaded machine takes. */
const SETTLE_MS = 31_000 + 1_000 + 60_000;
const TICK_MS = [1_000, 3_000] as const;
const LONGEST_PING_MS = 2_000;

const seed = Number(flags.seed);
const random = randomFrom(seed);
/** Its own, so that the pings do not change who does harm. */
const randomPing = randomFrom(seed + 1);
const chosen = flags.agents?.split(',') ?? AGENTS.map(({ name }) => name);
const strange = chosen.find((name) => name !== 'calm' && !AGENTS.some((agent) => agent.name === name));
if (strange) {
  console.error(`There is no agent '${strange}'. There are: calm, ${AGENTS.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

console.log(`seed ${seed}, ${flags.minutes} min, ${flags.rate} pings a second, agents: ${chosen.join(', ')}`);
const cluster = await Cluster.open(Number(flags.workers));
const agents = AGENTS.filter(({ name }) => chosen.includes(name) && !cluster.missing.has(name));
for (const [name, why] of cluster.missing) if (chosen.includes(name)) console.log(`left out: ${name} (${why})`);
const link = await cluster.openLink();
Object.assign(process.env, cluster.env, { BGTASK_API_URL: `http://127.0.0.1:${link.port}` });
const onlooker = new Onlooker(cluster.door);
const { taskRef } = await import('bgtask');
type Tasks = typeof import('../fixtures/torture/tasks.ts');
const ping = taskRef<Tasks['ping']>('ping');
const crashMe = taskRef<Tasks['crashMe']>('crash_me');

const submitted: Submitted[] = [];
const faults: Fault[] = [];
const found: string[] = [];
const began = Date.now();
const end = began + Number(flags.minutes) * 60_000;
const pending = new Set<Promise<void>>();

let isSound = false;
try {
  await Promise.all([submitPings(), doHarm()]);
  isSound = await judge();
} finally {
  await cluster.dispose(); // also where it broke off: nothing that it started outlives it
}
process.exit(isSound ? 0 : 1);

/** False: a rule was broken, which is told. */
async function judge(): Promise<boolean> {
  console.log(`${at()} no more harm; waiting until all runs have ended`);
  await Promise.all(pending);
  for (const until = Date.now() + SETTLE_MS; Date.now() < until && (await cluster.open()) > 0; ) await sleep(500);
  const runs = await cluster.runs();
  const starts = cluster.starts();
  onlooker.close();
  const history = { submitted, starts, runs, events: await cluster.events(), faults, slots: cluster.slots };
  found.push(...violations(history), ...onlooker.found);
  found.push(...(await cluster.close()), ...cluster.accidents);
  report(history);
  return found.length === 0;
}

async function submitPings(): Promise<void> {
  for (let i = 0; Date.now() < end; i += 1) {
    void submit('ping', i, () => ping.delay(i, Math.round(randomPing() * LONGEST_PING_MS)));
    await sleep(1_000 / Number(flags.rate));
  }
}

function submit(task: Submitted['task'], i: number, call: () => Promise<{ id: string }>): Promise<void> {
  const startedAt = Date.now();
  const note = (outcome: Submitted['outcome'], id: string | null, error: string | null) => {
    submitted.push({ i, task, id, outcome, error, startedAt, endedAt: Date.now() });
  };
  const done = call().then(
    ({ id }) => note('ok', id, null),
    (error: Error) => note(error.name === 'RefusedError' ? 'refused' : 'unknown', null, `${error.name}: ${error.message}`),
  );
  pending.add(done);
  return done.finally(() => pending.delete(done));
}

async function doHarm(): Promise<void> {
  let crashes = 0;
  const world: World = {
    ...{ cluster, random, link },
    crash: () => {
      crashes += 1;
      return submit('crash_me', crashes, () => crashMe.delay());
    },
    fail: (violation) => found.push(violation),
  };
  const aside = new Map<Agent, Promise<void>>();
  while (Date.now() < end) {
    await sleep(TICK_MS[0] + random() * (TICK_MS[1] - TICK_MS[0]));
    for (const agent of agents) {
      if (random() >= agent.probability * Number(flags.eager) || Date.now() >= end || aside.has(agent)) continue;
      const done = harm(agent, world).finally(() => aside.delete(agent));
      if (agent.isAside) aside.set(agent, done);
      else await done;
    }
  }
  await Promise.all(aside.values());
}

async function harm(agent: Agent, world: World): Promise<void> {
  console.log(`${at()} ${agent.name}`);
  const began = Date.now();
  await agent.act(world);
  faults.push({ agent: agent.name, at: began, until: Date.now() + agent.echoMs });
}

function report({ runs, starts }: History): void {
  const acknowledged = submitted.filter(({ outcome }) => outcome === 'ok').length;
  const counts = new Map<string, number>();
  for (const { agent } of faults) counts.set(agent, (counts.get(agent) ?? 0) + 1);
  console.log(
    `${submitted.length} submits, ${acknowledged} acknowledged; ${runs.length} runs, ${starts.length} starts; ${onlooker.frames} frames of the live list`,
  );
  console.log(`harm: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none'}`);
  for (const id of new Set(found.flatMap((violation) => violation.match(/[0-9a-f-]{36}/g) ?? []))) {
    console.error(`${id} began: ${JSON.stringify(starts.filter((start) => start.id === id))}`);
    for (const entry of runs.find((run) => run.id === id)?.history ?? []) console.error(`  ${JSON.stringify(entry)}`);
  }
  if (found.length > 0) console.error(`${cluster.told()}\n`);
  for (const violation of found) console.error(violation); // last: what is cut off a long output is its beginning
  console.log(found.length === 0 ? 'all rules held' : `${found.length} violations; again with: npm run torture -- --seed ${seed}`);
}

function at(): string {
  return `${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s`;
}
