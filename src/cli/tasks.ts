/** Tasks as commands pause and resume them, with what a person should know beside it. */
import type { Client } from '../client/client.ts';
import { nearest } from '../config/nearest.ts';
import type { TaskView } from '../core/api.ts';
import { oneLine } from '../core/text.ts';

export interface PausedTask {
  readonly name: string;
  readonly paused: boolean;
}

/** Pauses a task and says so; also one that nobody knows yet, since a worker for it may come, but then it may be misspelt. */
export async function pauseTask(client: Client, name: string, note: (line: string) => void): Promise<PausedTask> {
  const tasks = await client.request<TaskView[]>('GET', '/tasks'); // first: afterwards it is in there as paused
  const answer = await order(client, name, 'pause');
  if (!isKnown(tasks, name)) note(unknownText(name, tasks));
  note(`Paused ${oneLine(name)}. Go on: bgtask task resume ${oneLine(name)}`);
  return answer;
}

/** Lets a task go on, and says so, or that it was not paused. */
export async function resumeTask(client: Client, name: string, note: (line: string) => void): Promise<PausedTask> {
  const tasks = await client.request<TaskView[]>('GET', '/tasks');
  const answer = await order(client, name, 'resume');
  const paused = tasks.filter((task) => task.paused).map((task) => task.name);
  if (paused.includes(name)) note(`Runs of ${oneLine(name)} are handed out again.`);
  else note(`${oneLine(name)} was not paused.${paused.length > 0 ? ` Paused: ${oneLine(paused.join(', '))}` : ''}`);
  return answer;
}

async function order(client: Client, name: string, verb: 'pause' | 'resume'): Promise<PausedTask> {
  return await client.request<PausedTask>('POST', `/tasks/${encodeURIComponent(name)}/${verb}`);
}

/** Some worker serves it, or some run of it has not ended. */
function isKnown(tasks: readonly TaskView[], name: string): boolean {
  return tasks.some((task) => task.name === name && task.workers + task.queued + task.running > 0);
}

function unknownText(name: string, tasks: readonly TaskView[]): string {
  const known = tasks.map((task) => task.name).filter((one) => one !== name);
  const near = nearest(name, known);
  const meant = near === null ? '' : ` Did you mean ${oneLine(near)}?`;
  return `No connected worker serves ${oneLine(name)} and no run of it waits: it counts for those that come.${meant}`;
}
