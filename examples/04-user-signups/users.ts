import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { redis } from './redis.ts';

/** What a visitor says. */
export const NewUser = z.object({ email: z.email().max(254), name: z.string().trim().min(1).max(200) });
export type NewUser = z.infer<typeof NewUser>;

/** What we make of it. */
export const User = NewUser.extend({ id: z.uuid(), isActive: z.boolean(), isSuperuser: z.boolean() });
export type User = z.infer<typeof User>;

export async function addUser(newUser: NewUser): Promise<User> {
  const user = { id: randomUUID(), ...newUser, isActive: true, isSuperuser: false };
  await redis.multi().set(`user:${user.id}`, JSON.stringify(user)).sadd('users', user.id).exec();
  return user;
}

export async function removeUser({ id }: User): Promise<void> {
  await redis.multi().del(`user:${id}`).srem('users', id).exec();
}
