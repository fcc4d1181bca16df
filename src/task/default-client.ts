/**
 * The client that tasks use unless they are told otherwise: one for the process, made when it is first needed, by the settings as they
 * are then. Also the way to make another one. Settings and sockets are loaded when something is asked of the server, not before.
 */
import { type Client, createClient } from '../client/client.ts';
import { nodeTransport } from '../client/node.ts';
import type { Address } from '../client/socket.ts';
import { type Duration, toMilliseconds } from '../core/duration.ts';
import { InvalidOptionError } from '../core/errors.ts';

/** Which server to use, where the settings do not say it. */
export interface ConnectOptions {
  /** Address of the server, with or without `/api`. Default: the setting API_URL. */
  readonly url?: string | undefined;
  /** Default: the setting API_KEY where `url` is that of the settings, else the key that a server on this machine left for its user. */
  readonly apiKey?: string | undefined;
  /**
   * How long a submit waits for a server that answered before and does not now; then it throws `ServerUnreachableError`. 0: it tries
   * once. One that is there and says nothing may take twice as long, and 15 s where it is 0. Default: '30s'.
   */
  readonly submitTimeout?: Duration | undefined;
}

let shared: Client | null = null;

export function defaultClient(): Client {
  shared ??= makeClient({});
  return shared;
}

/** A client of its own. @throws {InvalidOptionError} `url` is no address of a server, or another option is wrong. */
export function makeClient({ url, apiKey, submitTimeout }: ConnectOptions): Client {
  if (url !== undefined && !isServerUrl(url))
    throw new InvalidOptionError('url of connect', url, "an address, as in 'http://127.0.0.1:4200'");
  if (apiKey !== undefined && (typeof apiKey !== 'string' || apiKey === '')) {
    throw new InvalidOptionError('apiKey of connect', typeof apiKey === 'string' ? '' : apiKey, 'the text that `bgtask auth token` prints');
  }
  const submitTimeoutMs = submitTimeout === undefined ? undefined : toMilliseconds(submitTimeout, 'submitTimeout of connect');
  let find: (() => Promise<Address>) | null = null;
  const address = async (): Promise<Address> => {
    find ??= await finder(url, apiKey);
    return find();
  };
  return createClient({ address, transport: nodeTransport(), submitTimeoutMs });
}

/** Settings are read once, and a key that a local server left each time: the server may have been started anew. */
async function finder(url: string | undefined, apiKey: string | undefined): Promise<() => Promise<Address>> {
  const [{ loadSettings }, { addressOf }] = await Promise.all([import('../config/config.ts'), import('../config/servers.ts')]);
  const settings = loadSettings();
  if (url === undefined) return addressOf(apiKey === undefined ? settings : { ...settings, apiKey });
  // The key of one server is never shown to another.
  const { apiUrl } = loadSettings({ API_URL: url });
  const itsKey = apiKey ?? (apiUrl === settings.apiUrl ? settings.apiKey : null);
  return addressOf({ ...settings, apiUrl, apiKey: itsKey });
}

function isServerUrl(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
