/** Delivers as GitHub would: `deliver.ts [event] [repository]`, or once more what test mode saved: `deliver.ts requests/….json`. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { sign } from './delivery.ts';

const { WEBHOOK_URL = 'http://127.0.0.1:8000/webhook', WEBHOOK_SECRET = '' } = process.env;
const [event = 'star', repo = 'octocat/Hello-World'] = process.argv.slice(2);

const payload = { action: 'created', repository: { full_name: repo }, sender: { login: 'hubot' } };
const made = { id: randomUUID(), event, body: JSON.stringify(payload) };
const sent = event.endsWith('.json') ? (JSON.parse(await readFile(event, 'utf8')) as typeof made) : made;

const answer = await fetch(WEBHOOK_URL, {
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    'x-github-event': sent.event,
    'x-github-delivery': sent.id,
    'x-hub-signature-256': sign(sent.body, WEBHOOK_SECRET),
  },
  body: sent.body,
});
console.log(`${sent.event} ${sent.id}: ${answer.status} ${await answer.text()}`);
