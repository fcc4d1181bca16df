import { task } from 'bgtask';
import type { Delivery } from './delivery.ts';
import { handlerFor } from './handlers.ts';
import { redis } from './redis.ts';

export const handleEvent = task(
  'handleEvent',
  {
    retries: 3,
    retryDelay: ['1s', '10s', '1m'],
    runName: ({ event, repo }: Delivery) => `Handle ${event} event for ${repo}`,
    idempotencyKey: ({ id }: Delivery) => id, // what is delivered again is handled once
  },
  async (delivery: Delivery) => {
    const { id, event, repo } = delivery;
    const handled = await handlerFor(repo)(delivery);
    await redis.set(`${repo}:${event}:${id}`, JSON.stringify(handled));
    return handled;
  },
);

handleEvent.onCompleted(({ name, result }) => console.log(`${name}: ${result.summary} (by ${result.by})`));
