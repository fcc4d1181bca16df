/** Stores as the commands that look after them see them: which folder is meant, and what was found in it, in words. */
import { existsSync } from 'node:fs';
import { readSetting, type Settings, settingOf } from '../config/config.ts';
import { oneLine } from '../core/text.ts';
import { count } from './text.ts';
import { UsageError } from './usage.ts';

/** The folder named, as a path or as `file:<folder>`; without one that of the STORE setting. @throws {UsageError} It is none. */
export function storeFolder(named: string | undefined, settings: Settings): string {
  const url = named === undefined ? settings.store : readSetting(settingOf('STORE'), named, 'flag');
  if (!url.startsWith('file:')) throw new UsageError(`${url} has no files.`, ['Name the folder of a store']);
  const folder = url.slice('file:'.length);
  if (!existsSync(folder)) throw new UsageError(`There is no folder ${folder}.`);
  return folder;
}

export interface FoundStore {
  readonly ok: boolean;
  readonly runs: number;
  readonly lastSequence: number;
  readonly problem: string | null;
}

export function verdictText(folder: string, { ok, runs, lastSequence, problem }: FoundStore): string {
  if (ok) return `Sound: ${count(runs, 'run')}, ${count(lastSequence, 'record')} in ${folder}`;
  return `Damaged: ${oneLine(problem ?? '')}\nSave what is sound: bgtask store repair ${folder} --out NEWDIR`;
}

export interface Salvage {
  readonly written: boolean;
  readonly lost: number;
  readonly sequences: readonly { readonly from: number; readonly to: number }[];
  readonly lostRuns: readonly string[];
  readonly runs: number;
}

export function salvageText(folder: string, out: string, { written, lost, sequences, lostRuns, runs }: Salvage): string {
  const ranges = sequences.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
  const lines = lost > 0 ? [`Lost: ${count(lost, 'record')}${ranges ? ` (sequence ${ranges})` : ''}`] : ['Nothing is lost.'];
  for (const id of lostRuns) lines.push(`  run ${oneLine(id)}`);
  if (written) lines.push(`Saved ${count(runs, 'run')} in ${out}. Use it: bgtask server start --store file:${out}`);
  else lines.push(`Nothing was written. To go on without them: bgtask store repair ${folder} --out ${out} --accept-loss ${lost}`);
  return lines.join('\n');
}
