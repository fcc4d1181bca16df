/** `clean.json`: what a server leaves behind when it stops, so that the next start knows where the journal must end. */
import { join } from 'node:path';
import { type Disk, writeFile } from './disk.ts';
import { damaged } from './failures.ts';
import { CLEAN } from './folder.ts';
import type { End } from './journal.ts';
import { eachLineOf, hexOf } from './lines.ts';

export interface Clean {
  readonly segment: string;
  readonly s: number;
  readonly bytes: number;
  readonly crc: string;
}

export async function writeClean(disk: Disk, folder: string, end: End, nonce: string): Promise<void> {
  const clean: Clean = { segment: end.segment, s: end.seq, bytes: end.bytes, crc: hexOf(end.crc) };
  const path = join(folder, CLEAN);
  const unfinished = `${path}.${nonce}.tmp`;
  await writeFile(disk, unfinished, Buffer.from(`${JSON.stringify(clean)}\n`));
  await disk.rename(unfinished, path);
  await disk.syncFolder(folder);
}

export async function readClean(disk: Disk, folder: string): Promise<Clean> {
  let text = '';
  await eachLineOf(disk, join(folder, CLEAN), null, (line) => {
    text += line.toString();
    return undefined;
  });
  try {
    return JSON.parse(text) as Clean;
  } catch (error) {
    throw damaged(folder, CLEAN, { byte: 0 }, 'it cannot be read', error);
  }
}

/** @throws {StoreError} `damaged`: the journal ends elsewhere. */
export function checkClean(folder: string, clean: Clean, end: End, isTorn: boolean): void {
  if (!isTorn && clean.segment === end.segment && clean.s === end.seq && clean.bytes === end.bytes && clean.crc === hexOf(end.crc)) return;
  const why = `it ends here, though the server before stopped at byte ${clean.bytes} of ${clean.segment} (${CLEAN}, sequence number ${clean.s})`;
  throw damaged(folder, end.segment, { byte: end.bytes, seq: end.seq + 1 }, why);
}
