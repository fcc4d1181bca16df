/** The runs around one run as a person reads them: what it was started by, and what it started. */
import type { Client } from '../client/client.ts';
import type { RunList, RunView } from '../core/api.ts';
import { oneLine } from '../core/text.ts';
import { isNotFound, paintState } from './runs.ts';

/** How many parents up are followed, and how many runs are shown. */
const MOST_PARENTS = 20;
const MOST_LINES = 100;

/** The tree that `run` stands in, from the farthest parent that is kept; empty where it stands alone. */
export async function treeOf(client: Client, run: RunView): Promise<string> {
  const list = await client.request<RunList>('GET', `/runs/${encodeURIComponent(run.id)}/descendants`).catch(unlessGone);
  const runs = list?.runs ?? [];
  const parents = await parentsOf(client, run);
  return parents.length + runs.length === 0 ? '' : treeText(parents, run, runs);
}

/** The nearest last. A parent that was removed ends the line. */
async function parentsOf(client: Client, run: RunView): Promise<RunView[]> {
  const parents: RunView[] = [];
  for (let id = run.parentId; id !== null && parents.length < MOST_PARENTS; ) {
    const parent: RunView | null = await client.request<RunView>('GET', `/runs/${encodeURIComponent(id)}`).catch(unlessGone);
    if (parent !== null) parents.unshift(parent);
    id = parent?.parentId ?? null;
  }
  return parents;
}

export function treeText(parents: readonly RunView[], run: RunView, descendants: readonly RunView[]): string {
  const children = byParent(descendants);
  const lines: string[] = [];
  const below = (parent: RunView, indent: string): void => {
    const own = children.get(parent.id) ?? [];
    for (const [at, child] of own.entries()) {
      const isLast = at === own.length - 1;
      lines.push(`${indent}${isLast ? '└ ' : '├ '}${lineOf(child)}`);
      below(child, `${indent}${isLast ? '  ' : '│ '}`);
    }
  };
  for (const [depth, parent] of [...parents, run].entries()) {
    const stem = depth === 0 ? '' : `${'  '.repeat(depth - 1)}└ `;
    lines.push(`${stem}${lineOf(parent)}${parent === run ? '  ← this run' : ''}`);
  }
  below(run, '  '.repeat(parents.length));
  const more = lines.length - MOST_LINES;
  return (more > 0 ? [...lines.slice(0, MOST_LINES), `… and ${more} more`] : lines).join('\n');
}

function byParent(runs: readonly RunView[]): Map<string | null, RunView[]> {
  const children = new Map<string | null, RunView[]>();
  for (const run of runs) {
    const siblings = children.get(run.parentId);
    if (siblings) siblings.push(run);
    else children.set(run.parentId, [run]);
  }
  return children;
}

function lineOf(run: RunView): string {
  return `${paintState(run)}  ${oneLine(run.task)}  ${run.id}`;
}

function unlessGone(error: unknown): null {
  if (isNotFound(error)) return null;
  throw error;
}
