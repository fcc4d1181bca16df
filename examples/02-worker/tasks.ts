import { fileURLToPath } from 'node:url';
import { serve, task } from 'bgtask';

export const greet = task('greet', async (name: string) => {
  console.log(`Hello, ${name}!`);
  return `Hello, ${name}!`;
});

// Run as a script this file is a worker of its own; `bgtask task serve tasks.ts` and submit.ts only import it.
if (process.argv[1] === fileURLToPath(import.meta.url)) await serve([greet]);
