import { Redis } from 'ioredis';

const { REDIS_URL = 'redis://127.0.0.1:6379' } = process.env;

/** Connects with the first command. A command fails soon where there is no Redis, instead of waiting for one. */
export const redis = new Redis(REDIS_URL, { lazyConnect: true, maxRetriesPerRequest: 1 });
redis.on('error', (error) => console.error(`Redis at ${REDIS_URL}:`, error.message));
