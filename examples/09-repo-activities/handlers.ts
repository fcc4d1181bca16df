import type { Delivery } from './delivery.ts';

export interface Handled {
  readonly by: string;
  readonly summary: string;
}
export type Handler = (delivery: Delivery) => Promise<Handled>;

/** What is done about a repository of which nothing else is said. */
const note: Handler = async ({ event, repo, payload: { action, sender } }) => ({
  by: 'note',
  summary: `${sender?.login ?? 'somebody'}: ${event}${action ? ` ${action}` : ''} in ${repo}`,
});

const welcome: Handler = async (delivery) => {
  const { event, payload } = delivery;
  if (event !== 'star' || payload.action !== 'created') return note(delivery);
  return { by: 'welcome', summary: `Thank you for the star, ${payload.sender?.login ?? 'stranger'}!` };
};

/** By repository. */
const handlers = new Map<string, Handler>([['octocat/Hello-World', welcome]]);

export function handlerFor(repo: string): Handler {
  return handlers.get(repo) ?? note;
}
