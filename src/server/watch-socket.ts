/**
 * One connection of a client: submits, questions, watched runs, a live list, direct calls. Runs go out as the store holds them,
 * spliced as text. A client that does not read loses nothing it must know: what was not told is told from the store when it reads.
 */
import type { ErrorBody, SubmitRequest } from '../core/api.ts';
import type { SubmittedRun, WatchFrame } from '../core/frames.ts';
import type { ServerLimits } from '../core/protocol.ts';
import { isFinal, type Run } from '../core/run.ts';
import type { Clock, Timer } from '../core/seams.ts';
import type { Store } from '../store/store.ts';
import { errorBody, INTERNAL, isRefusal, type Refusal, refusalOfError } from './answer.ts';
import { parseJson, splitItems } from './body.ts';
import type { Channel } from './channel.ts';
import type { CallerSession, Dispatcher } from './dispatcher.ts';
import { Follower } from './follower.ts';
import { type CheckedClientFrame, clientFrame, submitFrame } from './frame-schemas.ts';
import { parseFrame } from './frames.ts';
import { checked, submitAll } from './routes.ts';
import type { Show } from './shown.ts';
import type { Watch, Watcher, Watching } from './watching.ts';
import { type Peer, sendFrame } from './work-socket.ts';

export interface WatchSocketParts {
  readonly dispatcher: Dispatcher;
  readonly store: Store;
  readonly clock: Clock;
  readonly show: Show;
  readonly watching: Watching;
  readonly limits: ServerLimits;
  readonly onError: (error: unknown) => void;
}

/** A client that pings less often is asked whether it is there; one that does not answer either is gone. */
const SILENCE_MS = 60_000;
const RESYNC = JSON.stringify({ type: 'resync' } satisfies WatchFrame);
/** Log lines cannot be told later: beyond this a client that is behind has to come back. */
const LOG_BACKLOG_BYTES = 8_388_608;

type FrameOf<T extends CheckedClientFrame['type']> = Extract<CheckedClientFrame, { type: T }>;

export class WatchSocket implements Peer, Watcher {
  readonly silenceMs = SILENCE_MS;
  readonly #channel: Channel;
  readonly #parts: WatchSocketParts;
  readonly #watches = new Map<string, Watch>();
  /** Watched runs that changed while the client was behind. */
  readonly #owed = new Map<string, Watch>();
  #behind: Timer | null = null;
  #follower: Follower | null = null;
  #caller: CallerSession | null = null;

  constructor(channel: Channel, parts: WatchSocketParts) {
    this.#channel = channel;
    this.#parts = parts;
    channel.onBehind = () => {
      this.#behind = parts.clock.after(parts.limits.watchBehindMs, () => this.#giveUp(), true);
    };
    channel.onDrained = () => this.#caughtUp();
  }

  receive(text: string): void {
    const frame = frameOf(text);
    if (frame.type === 'submit') this.#answer(frame.ref, this.#submit(frame.ref, frame.requests));
    else if (frame.type === 'get') this.#answer(frame.ref, this.#get(frame));
    else if (frame.type === 'cancel') this.#answer(frame.ref, this.#cancel(frame));
    else if (frame.type === 'watch') for (const id of frame.ids) this.#watch(id, frame.detail);
    else if (frame.type === 'unwatch') this.#unwatch(frame.ids);
    else if (frame.type === 'follow') this.#follow(frame);
    else if (frame.type === 'unfollow') this.#unfollow();
    else if (frame.type === 'ping') this.#channel.send('{"type":"pong"}');
    else this.#direct(frame);
  }

  closed(): void {
    this.#behind?.cancel();
    this.#forgetAll();
    this.#caller?.closed();
  }

  onRun(watch: Watch, text: string, final: boolean): void {
    if (final) this.#forget(watch);
    if (this.#channel.isBehind) this.#owed.set(watch.id, watch);
    else this.#channel.send(text);
  }

  onLines(text: string): void {
    this.#channel.send(text);
    if (this.#channel.unsentBytes > LOG_BACKLOG_BYTES) this.#giveUp();
  }

  async #submit(ref: number, requests: readonly (SubmitRequest | Refusal)[]): Promise<void> {
    const answers = await submitAll(this.#parts.dispatcher, requests);
    const runs = answers.map((one): SubmittedRun | ErrorBody =>
      isRefusal(one) ? errorBody(one) : { id: one.run.id, deduplicated: one.kind === 'deduplicated' },
    );
    this.#send({ type: 'submitted', ref, runs, durability: this.#parts.store.durability });
  }

  async #get({ ref, id }: FrameOf<'get'>): Promise<void> {
    this.#sendRun('got', ref, await this.#parts.store.get(id));
  }

  async #cancel({ ref, id }: FrameOf<'cancel'>): Promise<void> {
    this.#sendRun('cancelled', ref, await this.#parts.dispatcher.cancel(id, 'Cancelled by a client'));
  }

  /** Begins before it reads, so that nothing falls between. Watched again, it is told again. */
  #watch(id: string, detail: boolean): void {
    const { watching, store } = this.#parts;
    const before = this.#watches.get(id);
    if (before) watching.remove(before);
    const watch: Watch = { id, detail: detail || before?.detail === true, watcher: this, told: false };
    this.#watches.set(id, watch);
    watching.add(watch);
    store.get(id).then((run) => this.#found(watch, run), this.#parts.onError);
  }

  #found(watch: Watch, run: Run | undefined): void {
    if (watch.told || this.#watches.get(watch.id) !== watch) return;
    const final = run === undefined || isFinal(run);
    if (final) this.#forget(watch);
    if (!run) this.#send({ type: 'unknown', id: watch.id });
    else if (final || watch.detail) this.onRun(watch, this.#parts.watching.frameOf(run, watch.detail), final);
  }

  /** The client has as long again to take what was sent and hear of it; one that is deaf is left. */
  #giveUp(): void {
    const { clock, limits } = this.#parts;
    this.#forgetAll();
    this.#channel.giveUp(RESYNC, 1013, 'The client does not read what it asked for');
    this.#behind?.cancel();
    this.#behind = clock.after(limits.watchBehindMs, () => this.#channel.terminate(), true);
  }

  #forgetAll(): void {
    this.#unwatch([...this.#watches.keys()]);
    this.#unfollow();
  }

  #forget(watch: Watch): void {
    this.#parts.watching.remove(watch);
    if (this.#watches.get(watch.id) === watch) this.#watches.delete(watch.id);
  }

  #unwatch(ids: readonly string[]): void {
    for (const id of ids) {
      const watch = this.#watches.get(id);
      if (watch) this.#forget(watch);
      this.#owed.delete(id);
    }
  }

  #follow({ filter, limit }: FrameOf<'follow'>): void {
    this.#unfollow();
    this.#follower = new Follower({ ...this.#parts, filter, limit, channel: this.#channel });
    this.#parts.watching.follow(this.#follower);
  }

  #unfollow(): void {
    if (!this.#follower) return;
    this.#follower.stop();
    this.#parts.watching.unfollow(this.#follower);
    this.#follower = null;
  }

  #caughtUp(): void {
    this.#behind?.cancel();
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const watch of owed) {
      const told = this.#parts.store
        .get(watch.id)
        .then((run) => run && this.onRun(watch, this.#parts.watching.frameOf(run, watch.detail), false));
      told.catch(this.#parts.onError);
    }
    this.#follower?.wake();
  }

  #direct(frame: FrameOf<'began' | 'attempts' | 'finished' | 'logs' | 'progress' | 'waiting'>): void {
    this.#caller ??= this.#parts.dispatcher.connectCaller({
      send: (told) => sendFrame(this.#channel, told),
      close: (code, reason) => this.#channel.close(code, reason),
    });
    this.#caller.receive(frame);
  }

  /** What goes wrong is told under the same reference. */
  #answer(ref: number, answered: Promise<void>): void {
    answered.catch((error: unknown) => {
      const refusal = refusalOfError(error);
      if (refusal === INTERNAL) this.#parts.onError(error);
      this.#send({ type: 'refused', ref, status: refusal.status, ...errorBody(refusal) });
    });
  }

  #sendRun(type: 'got' | 'cancelled', ref: number, run: Run | undefined): void {
    this.#channel.send(`{"type":"${type}","ref":${ref},"run":${run ? this.#parts.show(run, true) : 'null'}}`);
  }

  #send(frame: WatchFrame): void {
    this.#channel.send(JSON.stringify(frame));
  }
}

type CheckedFrame = Exclude<CheckedClientFrame, { type: 'submit' }> | Submit;
interface Submit {
  readonly type: 'submit';
  readonly ref: number;
  readonly requests: readonly (SubmitRequest | Refusal)[];
}

/** A frame, its submits looked at one by one: a bad one among many is refused by itself, as in a batch over HTTP. */
function frameOf(text: string): CheckedFrame {
  try {
    const frame = parseFrame(text, clientFrame);
    return frame.type === 'submit' ? { type: 'submit', ref: frame.ref, requests: frame.runs.map(checked) } : frame;
  } catch (error) {
    const submit = brokenSubmit(text);
    if (submit) return submit;
    throw error;
  }
}

/** A submit that could not be read as a whole, because of what stands in one of its runs. */
function brokenSubmit(text: string): Submit | null {
  const split = splitItems(text);
  const around = isRefusal(split) ? null : submitFrame.safeParse(split.around);
  if (isRefusal(split) || !around?.success || around.data.runs.length > 0) return null;
  const parsed = split.items.map((item) => parseJson(item, 1));
  return { type: 'submit', ref: around.data.ref, requests: parsed.map((item) => ('value' in item ? checked(item.value) : item)) };
}
