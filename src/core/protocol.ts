/** What both ends of a connection agree on: versions, times and limits. */

export const PROTOCOL = 1;
/** Both sockets: subprotocol a peer must name. */
export const SUBPROTOCOL = 'bgtask.v1';
/** A worker sends something this often; the server drops one that was silent for `LEASE_MS`. */
export const HEARTBEAT_MS = 5_000;
export const LEASE_MS = 30_000;
/** A peer that heard nothing for so long tears the connection down and opens another. */
export const SILENCE_MS = 20_000;

/** No server can be told to take larger arguments or results than this. */
export const MOST_PAYLOAD_BYTES = 16_777_216;
/** What stands around the arguments of one run: its options. */
const ENVELOPE_BYTES = 65_536;

/**
 * Limits of what is taken in and held back, as they are where nobody set others (config/limits.ts); `GET /api/limits` answers with those
 * of its server. Sizes in bytes, times in milliseconds.
 */
export const LIMITS = {
  openRuns: 100_000,
  argsBytes: 1_048_576,
  resultBytes: 1_048_576,
  bodyBytes: 1_048_576 + ENVELOPE_BYTES,
  batchBodyBytes: 16_777_216,
  batchRuns: 10_000,
  depth: 64,
  keys: 10_000,
  frameBytes: 2_097_152,
  headerBytes: 16_384,
  /** From the first byte of a request to its last header, and to the end of its body. */
  headersMs: 10_000,
  requestMs: 30_000,
  connections: 1_024,
  /** Connections of one source that have not shown a key. */
  strangers: 32,
  /** Unsent bytes at which a client, or a worker, counts as not reading, and how long a client may. */
  watchBehindBytes: 1_048_576,
  watchBehindMs: 5_000,
  workBehindBytes: 8_388_608,
  listPage: 1_000,
  metaBytes: 4_096,
  logLineBytes: 16_384,
  logRunBytes: 10_485_760,
  logTotalBytes: 1_073_741_824,
} as const;
export type ServerLimits = { readonly [Name in keyof typeof LIMITS]: number };
/** What a worker is held to, and learns when it connects. */
export type WorkLimits = Pick<ServerLimits, 'resultBytes' | 'frameBytes' | 'logLineBytes' | 'logRunBytes'>;

export function workLimitsOf({ resultBytes, frameBytes, logLineBytes, logRunBytes }: ServerLimits): WorkLimits {
  return { resultBytes, frameBytes, logLineBytes, logRunBytes };
}

/** The limits of a server that was given some of them. What must have room for arguments and results follows from theirs. */
export function limitsOf(given: Partial<ServerLimits>): ServerLimits {
  const limits = { ...LIMITS, ...given };
  const bodyBytes = limits.argsBytes + ENVELOPE_BYTES;
  return {
    ...limits,
    bodyBytes,
    batchBodyBytes: Math.max(LIMITS.batchBodyBytes, bodyBytes),
    frameBytes: Math.max(LIMITS.frameBytes, 2 * Math.max(limits.argsBytes, limits.resultBytes)),
  };
}

export const TASK_NAME = /^[A-Za-z0-9_.:-]{1,128}$/;
export const RUN_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** npm, npx and tsx pass Ctrl-C on to a process that the terminal has told already: the same signal again so soon is not a second one. */
export const ECHO_MS = 150;
