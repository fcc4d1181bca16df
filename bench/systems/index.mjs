/** The systems that can be measured. `open` starts a server in a folder of its own; `connect` is called in the client's process. */
import * as bgtask from './bgtask.mjs';
import * as bullmq from './bullmq.mjs';

export const SYSTEMS = [
  { name: 'bgtask', title: 'bgtask durable', open: (folder) => bgtask.open(folder), connect: bgtask.connect, missing: () => null },
  {
    name: 'bullmq-always',
    title: 'BullMQ, Redis always',
    open: (folder) => bullmq.open(folder, 'always'),
    connect: bullmq.connect,
    missing: bullmq.missing,
  },
  {
    name: 'bullmq-everysec',
    title: 'BullMQ, Redis everysec',
    open: (folder) => bullmq.open(folder, 'everysec'),
    connect: bullmq.connect,
    missing: bullmq.missing,
  },
];
