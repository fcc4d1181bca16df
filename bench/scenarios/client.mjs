// One scenario with one system, in a process of its own: `node client.mjs <system> <scenario> <size> <where>`. Prints one line of JSON.
import { SYSTEMS } from '../systems/index.mjs';
import { SCENARIOS } from './index.mjs';

const [systemName, scenarioName, size, where] = process.argv.slice(2);
const system = SYSTEMS.find((one) => one.name === systemName);
const scenario = SCENARIOS.find((one) => one.name === scenarioName);
const client = await system.connect(JSON.parse(where));

/** The worker is started by whoever started this process; `worker` on stdout asks for it, a line on stdin says it is up. */
function startWorker() {
  return new Promise((resolve) => {
    process.stdin.once('data', resolve);
    process.stdout.write('worker\n');
  });
}

const found = await scenario.measure(client, Number(size), { startWorker });
await client.close();
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
