import { task } from 'bgtask';

export const greet = task('greet', async (name = 'Marvin') => {
  console.log(`Hello, ${name}!`);
});

await greet();
