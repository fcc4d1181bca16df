/**
 * Who may come in, decided before any route is looked at: the form of the request, `Host`, `Origin`, `Sec-Fetch-Site`, the token.
 * Pure: what was asked and the rules come in, a refusal or null comes out. The same for requests and for WebSocket upgrades.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { SUBPROTOCOL } from '../core/protocol.ts';
import { type Refusal, refuse } from './answer.ts';

/** As Node hands it over; `rawHeaders` are names and values in turn, with none left out or joined. */
export interface Knock {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
}
export interface Rules {
  readonly port: number;
  /** SHA-256 of the token; null: nobody needs one. */
  readonly token: Buffer | null;
  /** Names beside those of loopback, in lower case: `name` with any port, or `name:port`. */
  readonly allowHosts: ReadonlySet<string>;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const MOST_HEADERS = 256;

export function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** Why the request is not let in; null where it is. */
export function refusalOf(knock: Knock, rules: Rules): Refusal | null {
  const headers = collect(knock.rawHeaders);
  return (
    formProblem(knock, headers) ??
    hostProblem(headers, rules) ??
    browserProblem(knock, headers) ??
    (isFree(knock) ? null : tokenProblem(headers.get('authorization'), rules.token))
  );
}

/** The same for an upgrade, which must also ask for one of our sockets in our subprotocol. */
export function upgradeRefusalOf(knock: Knock, rules: Rules): Refusal | null {
  const refusal = refusalOf(knock, rules);
  if (refusal) return refusal;
  if (socketOf(knock) === null) return refuse(404, 'not_found', 'There is no socket here. Workers use /api/work, clients /api/watch.');
  const asked = (collect(knock.rawHeaders).get('sec-websocket-protocol') ?? []).flatMap((value) => value.split(','));
  return asked.some((name) => name.trim() === SUBPROTOCOL)
    ? null
    : refuse(400, 'subprotocol_required', `The subprotocol ${SUBPROTOCOL} is required.`);
}

export function socketOf({ url }: Knock): 'work' | 'watch' | null {
  if (url === '/api/work') return 'work';
  return url === '/api/watch' ? 'watch' : null;
}

type Headers = ReadonlyMap<string, readonly string[]>;

function collect(raw: readonly string[]): Headers {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const values = headers.get(name);
    if (values) values.push(raw[i + 1] as string);
    else headers.set(name, [raw[i + 1] as string]);
  }
  return headers;
}

function formProblem({ url = '', rawHeaders }: Knock, headers: Headers): Refusal | null {
  if (rawHeaders.length > 2 * MOST_HEADERS) return refuse(431, 'too_many_headers', `More than ${MOST_HEADERS} headers.`);
  if (!url.startsWith('/')) return refuse(400, 'bad_target', 'The request target must be a path that begins with /.');
  const hosts = headers.get('host')?.length ?? 0;
  return hosts === 1 ? null : refuse(400, 'bad_host', `Exactly one Host header is required; there are ${hosts}.`);
}

function hostProblem(headers: Headers, { port, allowHosts }: Rules): Refusal | null {
  const host = (headers.get('host')?.[0] ?? '').toLowerCase();
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/.exec(host);
  const name = match?.[1] ?? '';
  if (LOOPBACK.has(name) && Number(match?.[2] ?? 80) === port) return null;
  if (match && (allowHosts.has(name) || allowHosts.has(host))) return null;
  return refuse(403, 'host_not_allowed', 'This Host is not served here. Start the server with --allow-host to serve it.');
}

/** What only a browser sends. A page of another origin gets nothing, not even with a token. */
function browserProblem({ method }: Knock, headers: Headers): Refusal | null {
  const own = `http://${headers.get('host')?.[0]?.toLowerCase()}`;
  const origins = headers.get('origin');
  if (origins && (origins.length > 1 || origins[0]?.toLowerCase() !== own)) {
    return refuse(403, 'origin_not_allowed', 'Requests from pages of another origin are refused.');
  }
  if (headers.get('sec-fetch-site')?.some((site) => site.toLowerCase() !== 'same-origin')) {
    return refuse(403, 'cross_site', 'Requests that a page of another site caused are refused.');
  }
  const isPreflight = method === 'OPTIONS' && headers.has('access-control-request-method');
  return isPreflight ? refuse(403, 'origin_not_allowed', 'Requests from pages of another origin are refused.') : null;
}

/** What is answered without a key. Byte for byte: nothing that only looks like it. */
export function isFree({ method, url }: Knock): boolean {
  return method === 'GET' && url === '/api/health';
}

function tokenProblem(values: readonly string[] | undefined, token: Buffer | null): Refusal | null {
  if (token === null) return null;
  const said = values?.length === 1 ? /^bearer +([^ ]+)$/i.exec(values[0] as string)?.[1] : undefined;
  if (said !== undefined && timingSafeEqual(digest(said), token)) return null;
  return refuse(401, 'unauthorized', 'A valid API key is required: Authorization: Bearer <key>. Print it with: bgtask auth token');
}
