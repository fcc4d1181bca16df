// A BullMQ worker with the tasks of the benchmark: `node bullmq.worker.mjs <port> <slots>`.
import { load } from './bullmq.mjs';

const [port, slots] = process.argv.slice(2).map(Number);
const { Worker } = await load();
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const handle = async (job) => (job.name === 'stamp' ? String(process.hrtime.bigint()) : null);
const worker = new Worker('bench', handle, { connection, concurrency: slots });
await worker.waitUntilReady();
process.stdout.write('ready\n');
process.once('SIGTERM', () => worker.close().then(() => process.exit(0)));
