/** Waiting for the end of a run, and what that end means for the command. */
import type { Client } from '../client/client.ts';
import type { RunView } from '../core/api.ts';
import { formatDuration } from '../core/duration.ts';
import { RunNotFoundError } from '../core/errors.ts';
import { shortId } from '../core/ids.ts';
import { oneLine } from '../core/text.ts';
import { notFound, runOf } from './runs.ts';
import { spin } from './spinner.ts';
import { stateText } from './text.ts';
import { errorLine } from './values.ts';

/**
 * The run as it ended, with its history.
 * @throws {WaitTimeoutError} The time was over first; the run goes on.
 * @throws {RunNotFoundError} There is no such run.
 */
export async function waitForEnd(client: Client, id: string, timeoutMs: number | null): Promise<RunView> {
  const since = performance.now();
  const stop = spin(
    () => `Waiting for ${oneLine(shortId(id))} (${formatDuration(Math.floor((performance.now() - since) / 1_000) * 1_000)})`,
  );
  try {
    await client.final(id, { timeoutMs });
  } catch (error) {
    throw error instanceof RunNotFoundError ? await notFound(client, id) : error;
  } finally {
    stop();
  }
  return await runOf(client, id);
}

/** Why it did not complete, in one line; null where it did. */
export function whyNot(run: RunView): string | null {
  if (run.state === 'COMPLETED') return null;
  const error = run.error === null ? '' : `: ${errorLine(run.error)}`;
  return `${oneLine(run.task)} ${oneLine(run.id)} is ${stateText(run)}${oneLine(error)}`;
}
