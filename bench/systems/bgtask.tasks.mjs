import { task } from 'bgtask';

export const noop = task('noop', async () => null);
/** Says when its first line ran, in nanoseconds of the machine's monotonic clock. */
export const stamp = task('stamp', async () => String(process.hrtime.bigint()));
