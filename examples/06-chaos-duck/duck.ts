/**
 * Submits pings to a flock of workers while it does them harm, and says whether every ping came back; see README.md.
 * Exit code 0: all did. 1: one did not, a process ended by itself, or somebody stopped the duck. 2: it was called wrongly.
 */
import { parseArgs } from 'node:util';
import { doHarm, randomFrom } from './chaos.ts';
import { Flock } from './flock.ts';
import { type Outcome, outcomeOf, Pings } from './pings.ts';
import { complaintsOf, linesOf } from './report.ts';
import { crashMe } from './tasks.ts';

const USAGE = 'Usage: npm run duck -- [PINGS] [--rate PINGS_A_SECOND] [--seed NUMBER] [--watch]';
const WORKERS = 8;
const PROGRESS_MS = 10_000;
const CRASH_CODE = 42;

const { count, rate, seed, watch } = readFlags();
const began = performance.now();
const flock = new Flock();
const pings = new Pings(count, rate);
/** The runs of crashMe. */
const crashes: Promise<Outcome<never>>[] = [];
/** While the viewer has the screen, what is said waits. */
let held: string[] | null = null;
let isOver = false;

const stopped = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => reject(new Error(`${signal} came.`)));
});
const isWell = await Promise.race([fly(), stopped]).catch((error: Error) => {
  say(`given up: ${error.message}`);
  return false;
});
isOver = true; // what the flight may still say while it comes down is of no use
await flock.close();
letGo();
process.exit(isWell ? 0 : 1);

/** True: every ping came back with its own number. */
async function fly(): Promise<boolean> {
  say(`seed ${seed}: ${count} pings, ${rate} a second, ${WORKERS} workers`);
  await flock.start(WORKERS);
  say(`all are up; to look on, type in another terminal: ${flock.viewer}`);
  if (watch) show();
  const progress = setInterval(tellProgress, PROGRESS_MS);
  const over = new AbortController();
  const [pinged, harm] = await Promise.all([
    pings.send().finally(() => over.abort()),
    doHarm({ flock, random: randomFrom(seed), crash, say }, over.signal),
  ]);
  clearInterval(progress);
  tellProgress();
  if (crashes.length > 0) say('no more harm; each crashMe has three tries, 1 s and 10 s apart');
  const crashed = await Promise.all(crashes);
  await flock.closeViewer();
  letGo();
  for (const line of linesOf({ ...pinged, harm, crashed, failures: pings.failures })) console.log(line);
  return judge([...complaintsOf(pinged.answers), ...flock.surprises()]);
}

function judge(complaints: readonly string[]): boolean {
  for (const complaint of complaints) console.error(complaint);
  const failed = `${complaints.length} complaints; the same harm again: npm run duck -- ${count} --rate ${rate} --seed ${seed}`;
  console.log(complaints.length === 0 ? `All ${count} pings came back, each with its own number.` : failed);
  return complaints.length === 0;
}

async function crash(): Promise<void> {
  try {
    crashes.push(outcomeOf(await crashMe.delay(CRASH_CODE)));
  } catch (error) {
    pings.failures.push(`crashMe: ${error}`);
  }
}

function show(): void {
  held = [];
  void flock.view().then(letGo);
}

function letGo(): void {
  for (const line of held ?? []) console.log(line);
  held = null;
}

function say(text: string): void {
  if (isOver) return;
  const line = `${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${text}`;
  if (held) held.push(line);
  else console.log(line);
}

function tellProgress(): void {
  say(`${pings.submitted} submitted, ${pings.final} final`);
}

function readFlags() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rate: { type: 'string', default: '10' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        watch: { type: 'boolean', default: false },
      },
    });
    const [given = '100', ...others] = positionals;
    const flags = { count: Number(given), rate: Number(values.rate), seed: Number(values.seed), watch: values.watch };
    const isRight =
      Number.isInteger(flags.count) && flags.count > 0 && flags.rate > 0 && Number.isInteger(flags.seed) && others.length === 0;
    if (!isRight) throw new Error('PINGS and NUMBER are whole numbers, PINGS_A_SECOND is a number above 0.');
    if (flags.watch && !(process.stdin.isTTY && process.stdout.isTTY)) throw new Error('--watch needs a terminal.');
    return flags;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}
