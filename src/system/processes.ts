/**
 * Processes of this machine: what one says of itself so that it can be told from any other, and whether one that said so is gone.
 * Linux only; elsewhere the proof is left out and a lease alone decides.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessIdentity } from '../core/frames.ts';

/** This process. */
export function processIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), machine: machineId(), startTicks: startTicks('self') };
}

/** True only where it is proven: same boot and pid namespace, and the pid is free or belongs to a process that started at another time. */
export function isDead(identity: ProcessIdentity): boolean {
  if (identity.machine === null || identity.startTicks === null || identity.machine !== machineId()) return false;
  return startTicks(identity.pid) !== identity.startTicks;
}

/** Boot and pid namespace: a pid means something only within both. */
function machineId(): string | null {
  const boot = readOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = readOrNull(() => readlinkSync('/proc/self/ns/pid'));
  return boot === null || namespace === null ? null : `${boot} ${namespace}`;
}

/** Null where there is no such process, or it is a zombie. */
function startTicks(pid: number | 'self'): string | null {
  return readOrNull(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name, is in brackets and may hold anything; the third is the state, the 22nd the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  });
}

function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
