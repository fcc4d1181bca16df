/** Who holds a port of this machine, as far as the system tells: on Linux from /proc, else nobody knows. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Settings } from '../config/config.ts';
import { listServerRecords } from '../config/servers.ts';
import { PortTakenError } from './usage.ts';

const LISTEN = '0A';

/** The error of a server that could not listen at `port`, naming who does. */
export function portTaken(settings: Settings, port: number): PortTakenError {
  const server = listServerRecords(settings.home).find((record) => new URL(record.url).port === String(port));
  const other = 'Or take another port: bgtask server start --port 0';
  if (server) {
    return new PortTakenError(`Port ${port} is taken: a bgtask server runs there already (pid ${server.pid}, store ${server.store}).`, [
      'Stop it: bgtask server stop',
      other,
    ]);
  }
  const holder = portHolder(port);
  const who = holder ? `${holder.program} (pid ${holder.pid}) listens there` : 'another program listens there';
  return new PortTakenError(`Port ${port} is taken: ${who}.`, [other]);
}

export function portHolder(port: number): { pid: number; program: string } | null {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeners(table, port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return null;
  for (const pid of names('/proc').filter((name) => /^\d+$/.test(name))) {
    const holds = names(`/proc/${pid}/fd`).some((fd) => sockets.has(read(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? ''));
    if (holds) return { pid: Number(pid), program: read(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? 'a program' };
  }
  return null;
}

/** Inodes of the sockets that listen at `port`. */
function listeners(table: string, port: number): string[] {
  const lines = (read(() => readFileSync(`/proc/net/${table}`, 'utf8')) ?? '').split('\n').slice(1);
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return fields.filter(([, local = '', , state]) => local.endsWith(end) && state === LISTEN).map((line) => line[9] ?? '');
}

function names(folder: string): string[] {
  return read(() => readdirSync(folder)) ?? [];
}

/** Processes come and go, and others' are closed to us. */
function read<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
