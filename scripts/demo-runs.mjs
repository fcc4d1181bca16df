// The demo's program that hands work off: delays a dozen greetings, some for later, and prints each result as it comes.
import { greet } from '../examples/02-worker/tasks.ts';

const NAMES = [
  'Arthur',
  'Ford',
  'Trillian',
  'Zaphod',
  'Marvin',
  'Slartibartfast',
  'Agrajag',
  'Fenchurch',
  'Prostetnic',
  'Eddie',
  'Deep Thought',
  'Majikthise',
];
const futures = await Promise.all(NAMES.map((name, index) => greet.applyAsync([name], { delay: index * 350, tags: ['demo'] })));
console.log(`${futures.length} runs are stored; their results:`);
for (const future of futures) console.log(`  ${await future.result()}`);
