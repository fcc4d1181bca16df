import { task } from 'bgtask';

export const greet = task('greet', async (name: string) => {
  console.log(`Hello, ${name}!`);
  return `Hello, ${name}!`;
});
