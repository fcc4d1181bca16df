import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { connect } from 'bgtask';
import type { User } from './users.ts';

const { SIGNUPS_URL = 'http://127.0.0.1:8000' } = process.env;
const server = connect();
after(() => server.close());

const post = (body: unknown) =>
  fetch(`${SIGNUPS_URL}/users`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function signUp(): Promise<User> {
  const answer = await post({ email: `${randomUUID()}@example.org`, name: 'Trillian' });
  return (await answer.json()) as User;
}

const runsOf = ({ id }: User) => server.runs({ tag: `user:${id}` });

describe('a sign-up', () => {
  test('makes a user', async () => {
    const answer = await post({ email: 'trillian@example.org', name: 'Trillian' });
    const { id, ...user } = (await answer.json()) as User;
    assert.equal(answer.status, 201);
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(user, { email: 'trillian@example.org', name: 'Trillian', isActive: true, isSuperuser: false });
  });

  test('without a name or with no address is refused', async () => {
    assert.equal((await post({ email: 'trillian@example.org' })).status, 422);
    assert.equal((await post({ email: 'trillian', name: 'Trillian' })).status, 422);
  });

  test('schedules exactly three tasks', async () => {
    const runs = await runsOf(await signUp());
    assert.deepEqual(runs.map(({ task }) => task).sort(), ['enrollInOnboardingFlow', 'populateWorkspace', 'sendConfirmationEmail']);
  });

  test('has all of them completed in the end', async () => {
    const runs = await runsOf(await signUp());
    const ended = await Promise.all(runs.map(({ id }) => server.getRun(id).wait({ timeout: '1m' })));
    assert.deepEqual(
      ended.map(({ state }) => state),
      ['COMPLETED', 'COMPLETED', 'COMPLETED'],
    );
  });
});
