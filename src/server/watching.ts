/**
 * Who wants to hear of which run: one index over all watch sockets. A commit costs as much as it has runs, and nothing while nobody
 * watches: then nothing here listens to the store.
 */
import type { LogLine } from '../core/api.ts';
import type { WatchFrame } from '../core/frames.ts';
import { isFinal, type Run } from '../core/run.ts';
import type { Commit, Store } from '../store/store.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Show } from './shown.ts';

/** Who is told. */
export interface Watcher {
  /** The run changed; `text` is its `run` frame. Final: it is the last one. */
  onRun(watch: Watch, text: string, final: boolean): void;
  /** It wrote something; `text` is the `log` frame. */
  onLines(text: string): void;
}
/** One run that one socket watches, until it is final. */
export interface Watch {
  readonly id: string;
  /** Open states, log lines and progress too, and the history. */
  readonly detail: boolean;
  readonly watcher: Watcher;
  /** Something was told since it began, so what was read before is old. */
  told: boolean;
}
/** A live list. */
export interface Follows {
  changed(run: Run): void;
  removed(id: string): void;
  /** Shown names changed without a change of the runs. */
  renew(): void;
}

export class Watching {
  readonly #store: Store;
  readonly #dispatcher: Dispatcher;
  readonly #show: Show;
  readonly #byRun = new Map<string, Watch[]>();
  readonly #followers = new Set<Follows>();
  #details = 0;
  #stop: (() => void) | null = null;
  #stopLogs: (() => void) | null = null;

  constructor(store: Store, dispatcher: Dispatcher, show: Show) {
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#show = show;
  }

  add(watch: Watch): void {
    const watches = this.#byRun.get(watch.id);
    if (watches) watches.push(watch);
    else this.#byRun.set(watch.id, [watch]);
    if (watch.detail) this.#details += 1;
    this.#listen();
  }

  /** Harmless where it is gone already. */
  remove(watch: Watch): void {
    const watches = this.#byRun.get(watch.id);
    const at = watches?.indexOf(watch) ?? -1;
    if (!watches || at < 0) return;
    watches.splice(at, 1);
    if (watches.length === 0) this.#byRun.delete(watch.id);
    if (watch.detail) this.#details -= 1;
    this.#listen();
  }

  follow(follower: Follows): void {
    this.#followers.add(follower);
    this.#listen();
  }

  unfollow(follower: Follows): void {
    this.#followers.delete(follower);
    this.#listen();
  }

  renew(): void {
    for (const follower of this.#followers) follower.renew();
  }

  /** The `run` frame of a run. */
  frameOf(run: Run, detail: boolean): string {
    return `{"type":"run","run":${this.#show(run, detail)}}`;
  }

  #listen(): void {
    const wanted = this.#byRun.size > 0 || this.#followers.size > 0;
    if (wanted) this.#stop ??= this.#store.onCommit((commit) => this.#onCommit(commit));
    else {
      this.#stop?.();
      this.#stop = null;
    }
    if (this.#details > 0) this.#stopLogs ??= this.#dispatcher.onLogs((id, lines) => this.#onLogs(id, lines));
    else {
      this.#stopLogs?.();
      this.#stopLogs = null;
    }
  }

  #onCommit({ runs, removed }: Commit): void {
    for (const run of runs) {
      const watches = this.#byRun.get(run.id);
      if (watches) this.#tell(watches, run);
    }
    for (const follower of this.#followers) {
      for (const run of runs) follower.changed(run);
      for (const id of removed) follower.removed(id);
    }
  }

  #tell(watches: readonly Watch[], run: Run): void {
    const final = isFinal(run);
    // With and without detail; each is made once, and only where somebody wants it.
    const texts: [string | null, string | null] = [null, null];
    for (const watch of watches.length > 1 ? [...watches] : watches) {
      if (!final && !watch.detail) continue;
      if (final) this.remove(watch);
      watch.told = true;
      const at = watch.detail ? 0 : 1;
      const text = texts[at] ?? this.frameOf(run, watch.detail);
      texts[at] = text;
      watch.watcher.onRun(watch, text, final);
    }
  }

  #onLogs(id: string, lines: readonly LogLine[]): void {
    const watchers = (this.#byRun.get(id) ?? []).filter(({ detail }) => detail);
    if (watchers.length === 0) return;
    const text = JSON.stringify({ type: 'log', id, lines } satisfies WatchFrame);
    for (const { watcher } of watchers) watcher.onLines(text);
  }
}
