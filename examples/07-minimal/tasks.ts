import { task } from 'bgtask';

export const printValue = task('printValue', async (value: unknown) => {
  console.log(value);
});
