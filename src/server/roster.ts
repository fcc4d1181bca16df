/**
 * Who may execute what: the connected workers, the room they have, and every lease that is out. Memory only; the dispatcher keeps
 * it in step with the store. Times in here are monotonic milliseconds.
 */
import type { Held, ProcessIdentity, ServerFrame, TaskInfo } from '../core/frames.ts';
import { HEARTBEAT_MS, LEASE_MS } from '../core/protocol.ts';
import type { Offer } from '../core/queue.ts';
import { Ahead } from './ahead.ts';

/** The other end of a connection. `send` after the end is harmless. */
export interface Link<Frame> {
  send(frame: Frame): void;
  close(code: number, reason: string): void;
}

/** A worker, or the connection of a client that makes direct calls (it offers no slots). */
export interface Holder {
  readonly id: string;
  readonly isCaller: boolean;
  /** Null where it is known only from the leases of an earlier server process. */
  secret: string | null;
  name: string;
  process: ProcessIdentity | null;
  tasks: ReadonlyMap<string, TaskInfo>;
  names: ReadonlySet<string>;
  slots: number;
  generation: number;
  draining: boolean;
  /** Null while it is not connected. */
  link: Link<ServerFrame> | null;
  lastHeardAt: number;
  /** Wall clock of the same moment, for people. */
  lastSeenAt: number;
  /** Since when its process is known to be gone. */
  deadSince: number | null;
  /** Run ids of its leases by token. */
  readonly leases: Map<string, string>;
  /** Tokens of those whose code waits for other runs: they take no slot. */
  readonly waiting: Set<string>;
  /** Tokens of those that it was not sent yet. */
  readonly unsent: Set<string>;
  readonly ahead: Ahead;
}

/** A dead worker's children get this long to notice before its runs go to another one. */
const CHILDREN_DIE_MS = 1_000;
/** A caller whose connection broke may come back this long. */
const CALLER_RETURNS_MS = 5_000;
/** How often a worker that closed its connection is looked for among the processes of this machine. */
const LOOK_MS = 1_000;
const NOBODY: ReadonlySet<string> = new Set();
const CALLER_PREFIX = 'direct-';

export function callerId(token: string): string {
  return CALLER_PREFIX + token;
}

export class Roster {
  readonly #holders = new Map<string, Holder>();
  readonly #byToken = new Map<string, Holder>();

  all(): Holder[] {
    return [...this.#holders.values()];
  }

  get(id: string): Holder | undefined {
    return this.#holders.get(id);
  }

  /** The entry of a holder, made where it is new. */
  enter(id: string, name: string, now: number, wall: number): Holder {
    const known = this.#holders.get(id);
    if (known) return known;
    const holder: Holder = {
      ...{ id, name, isCaller: id.startsWith(CALLER_PREFIX), secret: null, process: null, tasks: new Map(), names: new Set() },
      ...{
        slots: 0,
        generation: 0,
        draining: false,
        link: null,
        lastHeardAt: now,
        lastSeenAt: wall,
        deadSince: null,
        leases: new Map(),
        waiting: new Set(),
        unsent: new Set(),
        ahead: new Ahead(),
      },
    };
    this.#holders.set(id, holder);
    return holder;
  }

  remove(holder: Holder): void {
    for (const token of holder.leases.keys()) this.#byToken.delete(token);
    holder.leases.clear();
    holder.waiting.clear();
    holder.unsent.clear();
    this.#holders.delete(holder.id);
  }

  lease(holder: Holder, token: string, runId: string): void {
    this.#byToken.get(token)?.leases.delete(token);
    this.#byToken.get(token)?.waiting.delete(token);
    holder.leases.set(token, runId);
    this.#byToken.set(token, holder);
  }

  /** Takes a lease back; false where nobody holds it. */
  free(held: Held): boolean {
    const holder = this.holderOf(held);
    if (!holder) return false;
    holder.leases.delete(held.token);
    holder.waiting.delete(held.token);
    holder.unsent.delete(held.token);
    this.#byToken.delete(held.token);
    return true;
  }

  holderOf({ runId, token }: Held): Holder | undefined {
    const holder = this.#byToken.get(token);
    return holder?.leases.get(token) === runId ? holder : undefined;
  }

  /** Room at connected workers, the emptiest first; none at those of a paused name. */
  offers(paused: ReadonlySet<string> = NOBODY): Offer[] {
    const offers: Offer[] = [];
    for (const holder of this.#holders.values()) {
      if (holder.link === null || holder.draining || holder.slots === 0 || paused.has(holder.name)) continue;
      const free = holder.slots - (holder.leases.size - holder.waiting.size);
      const [slots, ahead] = [Math.max(0, free), holder.ahead.most + Math.min(0, free)];
      if (slots > 0 || ahead > 0) offers.push({ workerId: holder.id, tasks: holder.names, slots, ahead });
    }
    return offers.length > 1 ? offers.sort((a, b) => b.slots - a.slots) : offers;
  }

  /** This process did nothing for so long: what workers said meanwhile is still to be read. They get a fresh term, as after a restart. */
  stoodStill(ms: number, now: number): void {
    if (ms >= HEARTBEAT_MS) for (const holder of this.#holders.values()) holder.lastHeardAt = now;
  }

  /** Why a holder's leases are over now; null while they hold. `isDead` looks for its process on this machine. */
  verdict(holder: Holder, now: number, isDead: (process: ProcessIdentity) => boolean): string | null {
    if (holder.isCaller && holder.link !== null) return null; // its socket is watched by its own pings
    if (now - holder.lastHeardAt >= LEASE_MS) return `${title(holder)} was silent for ${LEASE_MS / 1_000} s`;
    if (holder.link !== null) return null;
    if (holder.deadSince === null && holder.process !== null && isDead(holder.process)) holder.deadSince = now;
    if (holder.deadSince === null) return null;
    return now - holder.deadSince >= (holder.isCaller ? CALLER_RETURNS_MS : CHILDREN_DIE_MS) ? `${title(holder)} died` : null;
  }

  /** How long nothing can change by time alone; null: nobody to watch. */
  quietForMs(now: number): number | null {
    let quiet: number | null = null;
    for (const holder of this.#holders.values()) {
      if (holder.isCaller && holder.link !== null) continue;
      const lease = Math.max(0, LEASE_MS - (now - holder.lastHeardAt));
      // A live connection moves its deadline with each heartbeat: no need to look before one could be missed.
      const look = holder.link === null ? Math.min(lease, LOOK_MS) : Math.max(lease, HEARTBEAT_MS);
      quiet = Math.min(quiet ?? look, look, Math.max(0, holder.ahead.staleAt - now));
    }
    return quiet;
  }
}

/** Slots that are taken; for a while they may be more than there are, when runs go on that waited for others. */
export function usedSlots({ leases, waiting, unsent }: Holder): number {
  return leases.size - waiting.size - unsent.size;
}

function title(holder: Holder): string {
  return holder.isCaller ? `The caller ${holder.name}` : `Worker ${holder.name}`;
}
