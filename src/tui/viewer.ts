/**
 * The viewer without its drawing: folds what the client tells, takes keys, carries out orders, and says what is to be shown. It owns the
 * subscriptions to the client and two timers: one gathers what arrives into few frames, one moves ages on while an open run is on the
 * screen. When nothing changes there is no timer at all.
 */
import type { Client } from '../client/client.ts';
import type { RunFilter, RunView, TaskView } from '../core/api.ts';
import { RUN_STATES } from '../core/run.ts';
import { oneLine } from '../core/text.ts';
import { countOf, emptyView, type FollowEvent, fold, type View } from '../core/view.ts';
import { followFilter, visibleRuns } from './filter.ts';
import type { Key } from './keys.ts';
import { Opened } from './opened.ts';
import { firstScreen, labelOf, paste, press, type Question, type Screen, settle } from './screen.ts';
import { listHeightOf, look, nextTickMs, type Shown, sightOf } from './shown.ts';
import { SIGNS, type Signs } from './theme.ts';

/** Shortest time between two frames that no key asked for; on a slow machine as long as leaves three quarters of the time free. */
export const FRAME_MS = 66;
const SHARE = 4;
/** From the last letter of a filter to the question to the server. */
const TYPING_MS = 150;

/** What the viewer needs of a client. */
export type ViewerClient = Pick<Client, 'follow' | 'watch' | 'get' | 'cancel' | 'retry' | 'request'>;

export interface ViewerOptions {
  readonly client: ViewerClient;
  readonly filter: RunFilter;
  /** Most runs in the list. */
  readonly limit: number;
  readonly columns: number;
  readonly rows: number;
  /** Name of what is looked at, and the address of its server. */
  readonly title?: string | undefined;
  readonly url?: string | undefined;
  readonly signs?: Signs | undefined;
  /** Single lines to show below the list as they come: what else goes on in the same process. Returns how to stop it. */
  readonly notices?: ((show: (line: string) => void) => () => void) | undefined;
  readonly repaint?: (() => void) | undefined;
  readonly suspend?: (() => void) | undefined;
}

export class Viewer {
  /** Resolves when the person quits, or `stop` is called. */
  readonly quitted: Promise<void>;
  readonly #options: ViewerOptions;
  readonly #listeners = new Set<() => void>();
  #quit: () => void = () => {};
  #screen: Screen;
  #view: View;
  #opened: Opened | null = null;
  #loading = true;
  #notice: string | null = null;
  #trouble: Error | null = null;
  #served: readonly string[] = [];
  #visible: { runs: readonly RunView[]; of: readonly RunView[]; show: string; text: string } | null = null;
  #shown: Shown;
  #unfollow: () => void = () => {};
  #unnotice: () => void = () => {};
  #gather: ReturnType<typeof setTimeout> | undefined;
  #tick: ReturnType<typeof setTimeout> | undefined;
  #typed: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawMs = 0;

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#screen = firstScreen(options.columns, options.rows);
    this.#view = emptyView(options.limit, Date.now());
    this.quitted = new Promise((resolve) => {
      this.#quit = resolve;
    });
    this.#shown = this.#look();
  }

  start(): void {
    this.#follow();
    const { notices } = this.#options;
    if (notices !== undefined) this.#unnotice = notices((line) => this.#noticed(line));
  }

  /** Lets go of the client and of all timers. Safe to call twice. */
  stop(): void {
    this.#unfollow();
    this.#unnotice();
    this.#opened?.close();
    this.#listeners.clear();
    clearTimeout(this.#gather);
    clearTimeout(this.#tick);
    clearTimeout(this.#typed);
    this.#quit();
  }

  // Arrow functions: React takes them as they are.
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly shown = (): Shown => this.#shown;

  resize(columns: number, rows: number): void {
    this.#screen = { ...this.#screen, columns, rows };
    this.#draw();
  }

  /** The keys of one chunk of input. What stands after a key that raised a question is not taken for its answer. */
  keys(keys: readonly Key[]): void {
    for (const key of keys) {
      const { asking } = this.#screen;
      this.#press(key);
      if (asking === null && this.#screen.asking !== null) break;
    }
    this.#draw();
  }

  paste(text: string): void {
    this.#screen = paste(this.#screen, text);
    this.#draw();
  }

  #press(key: Key): void {
    const before = this.#screen;
    const { screen, effect } = press(before, key, sightOf(this.#shown));
    this.#screen = screen;
    if (screen.show !== before.show) this.#follow();
    else if (screen.text !== before.text) this.#followSoon();
    if (screen.details?.id !== before.details?.id) this.#open(screen.details?.id ?? null);
    if (effect === 'quit') this.#quit();
    else if (effect === 'repaint') this.#options.repaint?.();
    else if (effect === 'suspend') this.#options.suspend?.();
    else if (effect !== undefined) void this.#order(effect);
    this.#shown = this.#look();
  }

  async #order({ order, run }: Question): Promise<void> {
    const { client } = this.#options;
    try {
      if (order === 'cancel') {
        const { state, stateName } = await client.cancel(run.id);
        this.#say(state === 'CANCELLING' ? `Asked ${labelOf(run)} to stop` : `${labelOf(run)}: ${stateName}`);
      } else {
        const again = await client.retry(run.id);
        this.#say(`${labelOf(run)} runs again as ${again.id}`);
      }
    } catch (error) {
      this.#say(`Could not ${order} ${labelOf(run)}: ${(error as Error).message}`);
    }
  }

  #say(message: string): void {
    this.#screen = { ...this.#screen, message };
    this.#soon();
  }

  // ---- What comes from outside --------------------------------------------------------------------------------------------

  /** Once for a word and not for each of its letters. */
  #followSoon(): void {
    clearTimeout(this.#typed);
    this.#loading = true;
    this.#typed = setTimeout(() => this.#follow(), TYPING_MS);
  }

  #follow(): void {
    const { client, filter, limit } = this.#options;
    const { show, text } = this.#screen;
    clearTimeout(this.#typed);
    this.#unfollow();
    this.#loading = true;
    let ended = false;
    const stop = client.follow(followFilter(show, text, filter), limit, (event) => {
      if (!ended) this.#followed(event);
    });
    this.#unfollow = () => {
      ended = true;
      stop();
    };
  }

  #followed(event: FollowEvent): void {
    const before = this.#view;
    this.#view = fold(before, event, Date.now());
    if (event.type === 'snapshot') {
      this.#loading = false;
      void this.#askServed();
    }
    if (event.type === 'down' && this.#view.connection.failures === 1) void this.#ask();
    else if (this.#view.connection.state === 'live') this.#trouble = null;
    if (this.#view !== before) this.#soon();
  }

  /** A socket that does not open says little; the answer to a request tells whether no server is there or the key is wrong. */
  async #ask(): Promise<void> {
    try {
      await this.#options.client.request('GET', '/version');
    } catch (error) {
      if (this.#view.connection.state === 'live') return;
      this.#trouble = error as Error;
      this.#soon();
    }
  }

  /** Where there are no runs yet: what could be submitted. */
  async #askServed(): Promise<void> {
    if (countOf(this.#view.counts, RUN_STATES) > 0 || this.#view.counts === null) return;
    const tasks = await this.#options.client.request<readonly TaskView[]>('GET', '/tasks').catch(() => []);
    this.#served = tasks.filter((task) => task.workers > 0).map((task) => task.name);
    this.#soon();
  }

  #open(id: string | null): void {
    this.#opened?.close();
    if (id === null) {
      this.#opened = null;
      return;
    }
    const seed = this.#shown.runs.find((run) => run.id === id) ?? null;
    const changed = () => this.#soon();
    this.#opened = new Opened(this.#options.client, id, seed, { changed, failed: (error) => this.#say(error.message) });
  }

  #noticed(line: string): void {
    this.#notice = oneLine(line);
    void this.#askServed();
    this.#soon();
  }

  // ---- What is shown ------------------------------------------------------------------------------------------------------

  /** A frame soon: what arrives until then is in it. */
  #soon(): void {
    if (this.#gather !== undefined || this.#listeners.size === 0) return;
    const pause = Math.max(FRAME_MS, SHARE * this.#drawMs);
    const wait = Math.max(0, this.#drawnAt + pause - performance.now());
    this.#gather = setTimeout(() => this.#draw(), wait);
  }

  #draw(): void {
    clearTimeout(this.#gather);
    clearTimeout(this.#tick);
    this.#gather = undefined;
    this.#shown = this.#look();
    const began = performance.now();
    this.#drawnAt = began;
    for (const listener of this.#listeners) listener();
    // React draws at the end of this turn.
    setImmediate(() => {
      this.#drawMs = performance.now() - began;
    });
    const ms = this.#listeners.size > 0 ? nextTickMs(this.#shown) : null;
    if (ms !== null) this.#tick = setTimeout(() => this.#draw(), ms);
  }

  #look(): Shown {
    const { filter, title = 'bgtask', url = '', signs = SIGNS } = this.#options;
    const runs = this.#visibleRuns();
    this.#screen = settle(this.#screen, runs, listHeightOf(this.#screen));
    const texts = { title: oneLine(title), url: oneLine(url), notice: this.#notice, trouble: this.#trouble, served: this.#served };
    const opened = this.#opened === null ? null : { run: this.#opened.run, unknown: this.#opened.unknown, logs: this.#opened.logs };
    const state = { view: this.#view, runs, filter, loading: this.#loading, opened, now: Date.now() };
    return look(this.#screen, { ...state, ...texts, signs });
  }

  /** Filtered anew only where runs or filter are new. */
  #visibleRuns(): readonly RunView[] {
    const { show, text } = this.#screen;
    const of = this.#view.runs;
    const last = this.#visible;
    if (last !== null && last.of === of && last.show === show && last.text === text) return last.runs;
    const runs = visibleRuns(of, show, text, this.#options.filter);
    this.#visible = { runs, of, show, text };
    return runs;
  }
}
