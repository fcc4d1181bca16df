import { count, greet } from './tasks.ts';

const future = await greet.delay('Agrajag'); // stored; a worker runs it
console.log(`Submitted ${future.id}`);
console.log(await future.result());

const runs = await count.map([5, 10, 20]); // one request for all
console.log(await Promise.all(runs.map((run) => run.result())));
