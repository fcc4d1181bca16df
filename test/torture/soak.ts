/**
 * The same load for a long time, and what every process holds meanwhile: `npm run soak -- [--minutes M] [--rate N]`, runs a second.
 * Workers are cut off and come back, lists are followed and left, some of them never read. Each process tells what it holds after it
 * threw away what it could. Exit code 1: after a third of the time, or five minutes, one of them still grew.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { randomFrom } from '../helpers/random.ts';
import { root, Shell, type Started } from '../helpers/shell.ts';
import { growthPerMinute } from './growth.ts';
import { babble, type Door, hoard, Onlooker } from './intruders.ts';
import { Link } from './link.ts';

const { values: flags } = parseArgs({ options: { minutes: { type: 'string', default: '15' }, rate: { type: 'string', default: '50' } } });
const MINUTES = Number(flags.minutes);
const RATE = Number(flags.rate);
const WARM_UP_MS = Math.min(300_000, MINUTES * 20_000);
const MIB = 1_048_576;
/** The most that may be added a minute: of what is held after a collection, of resident memory, of open files. */
const MOST = { held: 0.5 * MIB, rss: MIB, files: 1 } as const;
/** A child that is replaced begins anew; what lived for less than this tells nothing. */
const LEAST_LOOKS = 12;
const FIXTURES = join(root, 'test/fixtures/soak');
/** So few that none is kept longer than the warm-up. */
const KEEP = '1h,2000';

type Looks = Record<keyof typeof MOST | 'atMs', number>;

const shell = await Shell.open();
const folder = join(shell.home, 'soak');
mkdirSync(folder);
copyFileSync(join(FIXTURES, 'tasks.ts'), join(shell.home, 'tasks.ts'));
const settings = { BGTASK_KEEP_COMPLETED: KEEP, BGTASK_KEEP_FAILED: KEEP, BGTASK_ALLOW_HOST: '127.0.0.1' };
const watched = { ...settings, SOAK_FOLDER: folder, NODE_OPTIONS: `--import=${pathToFileURL(join(FIXTURES, 'memory.mjs'))}` };
for (const [name, value] of Object.entries(watched)) shell.setEnv(name, value);
process.env.SOAK_FOLDER = folder;
await import(pathToFileURL(join(FIXTURES, 'memory.mjs')).href);

const started: Started[] = [await shell.serve('npx bgtask server start')];
const key = (await shell.done('npx bgtask auth token')).trim();
shell.setEnv('BGTASK_API_KEY', key);
const link = await Link.open(shell.port);
for (const [name, port] of [['near', shell.port] as const, ['far', link.port] as const])
  started.push(await shell.serve(`npx bgtask task serve tasks.ts --name ${name} --api-url http://127.0.0.1:${port}`));
Object.assign(process.env, shell.env, { NODE_OPTIONS: '' });
const { taskRef } = await import('bgtask');
const chore = taskRef<typeof import('../fixtures/soak/tasks.ts').chore>('chore');
const cached = taskRef<typeof import('../fixtures/soak/tasks.ts').cached>('cached');

const door: Door = { url: `http://127.0.0.1:${shell.port}/api`, key };
const onlooker = new Onlooker(door);
const end = performance.now() + MINUTES * 60_000;
const tally = { submitted: 0, ended: 0, failed: 0 };
console.log(`${MINUTES} min, ${RATE} runs a second; judged from minute ${WARM_UP_MS / 60_000} on`);
await Promise.all([submit(), disturb(), tell()]);
const found = [...judge(true), ...onlooker.found];
if (tally.failed > 0) found.push(`${tally.failed} of ${tally.submitted} runs did not end as they should`);
onlooker.close();
link.close();
await shell.close();
for (const violation of found) console.error(violation);
console.log(found.length === 0 ? 'nothing grew' : `${found.length} violations`);
process.exit(found.length === 0 ? 0 : 1);

async function submit(): Promise<void> {
  const began = performance.now();
  for (let i = 0; performance.now() < end; i += 1) {
    tally.submitted += 1;
    const run = i % 5 === 0 ? cached.delay(i % 50) : chore.delay(i, 'x'.repeat(i % 1_000));
    void run
      .then((future): Promise<unknown> => future.result())
      .then(
        () => (tally.ended += 1),
        () => (tally.failed += 1),
      );
    await sleep(Math.max(0, began + (i * 1_000) / RATE - performance.now()));
  }
  for (const until = performance.now() + 60_000; performance.now() < until && tally.ended + tally.failed < tally.submitted; )
    await sleep(500);
  tally.failed += tally.submitted - tally.ended - tally.failed;
}

async function disturb(): Promise<void> {
  const random = randomFrom(1);
  for (let round = 0; performance.now() < end - 10_000; round += 1) {
    await Promise.all([hoard(door, 5, 8_000), babble(door, random, 20), sleep(8_000)]);
    if (round % 3 === 0) link.loseAnswer();
    if (round % 3 === 1) link.cut('both');
    await sleep(2_000);
    link.heal();
  }
}

async function tell(): Promise<void> {
  while (performance.now() < end) {
    await sleep(Math.min(60_000, Math.max(0, end - performance.now())));
    for (const one of started) Object.assign(one, { stdout: '', stderr: '' }); // what they print is not what we hold
    console.log(`minute ${((performance.now() - end) / 60_000 + MINUTES).toFixed(1)}: ${JSON.stringify(tally)}`);
    judge(false);
  }
}

/** What grew where, once it had warmed up. */
function judge(isLast: boolean): string[] {
  const found: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
    const all = lines.map((line) => JSON.parse(line) as Looks);
    const last = all.at(-1);
    const warm = all.filter(({ atMs }) => atMs >= WARM_UP_MS);
    if (!last || (isLast && warm.length < LEAST_LOOKS)) continue;
    const growth = (what: keyof typeof MOST) => growthPerMinute(warm.map((look) => ({ atMs: look.atMs, value: look[what] })));
    const told = `${name.replace('.ndjson', '').padEnd(15)} held ${mib(last.held)}, rss ${mib(last.rss)}, files ${last.files}`;
    if (!isLast) console.log(`  ${told}`);
    else console.log(`${told}; a minute: held ${mib(growth('held'))}, rss ${mib(growth('rss'))}, files ${growth('files').toFixed(2)}`);
    for (const what of ['held', 'rss', 'files'] as const) if (growth(what) > MOST[what]) found.push(`${name}: ${what} keeps growing`);
  }
  return isLast ? found : [];
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(2)} MiB`;
}
