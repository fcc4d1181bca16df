import { greet } from './tasks.ts';

const future = await greet.delay('Agrajag');
console.log(`Submitted run ${future.id}`);
console.log(await future.result());

const futures = await greet.map(['Ford', 'Prefect', 'Slartibartfast']);
for (const each of futures) console.log(await each.result());
