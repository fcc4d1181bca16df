/**
 * What is measured, the same for each system. A scenario gets a client in a process of its own and says what it found:
 * rates in runs a second, latencies in milliseconds. `size` scales with `--quick`.
 */
export const SCENARIOS = [
  { name: 'one', title: 'enqueue one by one, /s', workerSlots: 0, size: 2_000, unit: '/s', measure: enqueueOneByOne },
  { name: 'flight', title: 'enqueue, 100 in flight, /s', workerSlots: 0, size: 20_000, unit: '/s', measure: enqueueInFlight },
  { name: 'bulk', title: 'enqueue, bulk of 1,000, /s', workerSlots: 0, size: 20_000, unit: '/s', measure: enqueueBulk },
  { name: 'drain10', title: 'drain, 1 worker, 10 slots, /s', workerSlots: 10, size: 20_000, unit: '/s', measure: drain },
  { name: 'drain100', title: 'drain, 1 worker, 100 slots, /s', workerSlots: 100, size: 20_000, unit: '/s', measure: drain },
  {
    name: 'through',
    title: 'submit (100 in flight) and process at once, /s',
    workerSlots: 100,
    size: 10_000,
    unit: '/s',
    measure: through,
  },
  { name: 'latency', title: 'submit → first user line and result, idle, ms', workerSlots: 10, size: 500, unit: 'ms', measure: latency },
];

const FLIGHT = 100;
const BULK = 1_000;
const PAUSE_MS = 5;
const WARM_UP = 200;

async function enqueueOneByOne(client, size) {
  for (let n = 0; n < WARM_UP; n += 1) await client.one();
  return rate(size, async () => {
    for (let n = 0; n < size; n += 1) await client.one();
  });
}

async function enqueueInFlight(client, size) {
  await inFlight(client, FLIGHT * 2);
  return rate(size, () => inFlight(client, size));
}

async function enqueueBulk(client, size) {
  await client.many(BULK);
  return rate(size, async () => {
    for (let n = 0; n < size; n += BULK) await client.many(BULK);
  });
}

/** All runs wait before the worker comes; the time is that from the first start to the last end, as the system recorded them. */
async function drain(client, size, { startWorker }) {
  for (let n = 0; n < size; n += BULK) await client.many(Math.min(BULK, size - n));
  await startWorker();
  await client.allDone(size);
  const { firstStart, lastEnd, count } = await client.times();
  if (count !== size) throw new Error(`${count} of ${size} runs are done`);
  return { rate: (size / (lastEnd - firstStart)) * 1_000 };
}

async function through(client, size, { startWorker }) {
  await startWorker();
  await inFlight(client, FLIGHT);
  await client.allDone(FLIGHT);
  const began = Date.now();
  await inFlight(client, size);
  await client.allDone(FLIGHT + size);
  const { lastEnd } = await client.times();
  return { rate: (size / (lastEnd - began)) * 1_000 };
}

/** One at a time with a pause: what somebody at a browser feels on an idle system. */
async function latency(client, size, { startWorker }) {
  await startWorker();
  for (let n = 0; n < 50; n += 1) await client.stamp();
  const starts = [];
  const results = [];
  for (let n = 0; n < size; n += 1) {
    const sent = process.hrtime.bigint();
    const started = await client.stamp();
    results.push(Number(process.hrtime.bigint() - sent) / 1e6);
    starts.push(Number(BigInt(started) - sent) / 1e6);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return {
    startP50: quantile(starts, 0.5),
    startP99: quantile(starts, 0.99),
    resultP50: quantile(results, 0.5),
    resultP99: quantile(results, 0.99),
  };
}

async function inFlight(client, size) {
  let left = size;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await client.one();
    }
  };
  await Promise.all(Array.from({ length: FLIGHT }, lane));
}

async function rate(size, work) {
  const began = performance.now();
  await work();
  return { rate: (size / (performance.now() - began)) * 1_000 };
}

function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
