/** The errors of the file store, in one voice: what happened, to which file, and what helps. */
import { StoreError } from '../../core/errors.ts';

/** Damage that cannot be explained by a stop in the middle of a write. `place` is where in the file, as far as it is known. */
export function damaged(folder: string, file: string, place: { byte?: number; seq?: number }, why: string, cause?: unknown): StoreError {
  const at = place.byte === undefined ? '' : ` at byte ${place.byte}`;
  const record = place.seq === undefined ? '' : ` (sequence number ${place.seq})`;
  return new StoreError(
    'damaged',
    `The store ${folder} is damaged: ${file}${at}${record}: ${why}. Nothing was changed.`,
    [
      `Look closer: bgtask store verify ${folder}`,
      `Save what can be saved: bgtask store repair ${folder} --out <new folder> --accept-loss <n>`,
    ],
    cause,
  );
}

/** `error` of the disk, as the store tells it. */
export function diskError(what: string, path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (isFull(error)) return new StoreError('full', `The disk is full: could not ${what} ${path} (${code}).`, ['Free some space'], error);
  if (code === 'ELOOP' || code === 'EMLINK') return unsafe(path, 'is a symlink');
  if (code === 'EACCES' || code === 'EPERM') {
    return new StoreError('unsafe', `Could not ${what} ${path}: ${message}.`, [`See who owns it: ls -ld ${path}`], error);
  }
  return new StoreError('failed', `Could not ${what} ${path}: ${message}.`, ['Check the disk, then start the server again'], error);
}

/** A full disk, quota or longest file. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}

export function unsafe(path: string, why: string): StoreError {
  return new StoreError('unsafe', `${path} ${why}; bgtask does not keep runs there.`, [
    'Use a folder of your own: --store file:<folder>, owned by you, mode 0700',
  ]);
}
