/**
 * The door of the viewer: takes the terminal, shows the runs until the person quits, and gives the terminal back, also when a signal or an
 * error ends it. Built into one file with Ink and React (scripts/build.mjs), because loading them unbundled takes half a second.
 */
import { render, useInput } from 'ink';
import { type ReactNode, useRef, useSyncExternalStore } from 'react';
import type { RunFilter } from '../core/api.ts';
import { Frame } from './frame.tsx';
import { keysOf, PASTE_BEGINS, PASTE_ENDS } from './keys.ts';
import { Terminal } from './terminal.ts';
import { ASCII_SIGNS, SIGNS } from './theme.ts';
import { Viewer, type ViewerClient } from './viewer.ts';

export type { ViewerClient } from './viewer.ts';

export interface RunViewerOptions {
  readonly client: ViewerClient;
  /** Only these runs, as the flags of the command say. */
  readonly filter: RunFilter;
  /** Most runs in the list, the newest ones. */
  readonly limit: number;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** First word of the header. Default: `bgtask`. */
  readonly title?: string | undefined;
  /** Address of the server, for the header; with or without `/api`. */
  readonly url?: string | undefined;
  /** Single lines to show below the list as they come, such as those of a worker in the same process. Returns how to stop it. */
  readonly notices?: ((show: (line: string) => void) => () => void) | undefined;
}

/**
 * Shows the runs live until `q` or Ctrl-C; then the terminal is as it was before. A signal ends it too, and then goes on to whoever else
 * listens for it, or else ends the process as it would have without the viewer.
 * @throws {Error} `stdin` or `stdout` is no terminal: a command looks before and prints a table instead.
 */
export async function runViewer(options: RunViewerOptions): Promise<void> {
  const { stdin, stdout } = options;
  if (!stdin.isTTY || !stdout.isTTY) throw new Error('The run viewer needs a terminal on standard input and output.');
  const terminal = new Terminal(stdout, wantsColours(process.env));
  const signs = process.env.TERM === 'linux' ? ASCII_SIGNS : SIGNS;
  const suspend = () => suspendProcess(terminal, stdin);
  const url = options.url?.replace(/\/api\/?$/, '');
  const viewer = new Viewer({ ...options, ...terminal.size, url, signs, repaint: () => terminal.repaint(), suspend });
  terminal.onSize(() => viewer.resize(terminal.size.columns, terminal.size.rows));
  const guard = guardExit(terminal, () => viewer.stop());
  terminal.enter();
  const app = render(<App viewer={viewer} />, { stdout: terminal.surface, stdin, debug: true, exitOnCtrlC: false, patchConsole: false });
  try {
    viewer.start();
    await Promise.race([viewer.quitted, app.waitUntilExit()]);
  } finally {
    viewer.stop();
    app.unmount();
    terminal.leave();
    guard.release();
  }
}

export function App({ viewer }: { viewer: Viewer }): ReactNode {
  const shown = useSyncExternalStore(viewer.subscribe, viewer.shown);
  const pasted = useRef<string[] | null>(null);
  useInput((input, key) => {
    if (input === PASTE_BEGINS) {
      pasted.current = [];
    } else if (input === PASTE_ENDS) {
      viewer.paste(pasted.current?.join('') ?? '');
      pasted.current = null;
    } else if (pasted.current !== null) {
      pasted.current.push(key.return ? '\n' : input);
    } else {
      viewer.keys(keysOf(input, key));
    }
  });
  return <Frame shown={shown} />;
}

/** `NO_COLOR` and a terminal without colours count; `FORCE_COLOR=0` too. */
export function wantsColours(env: NodeJS.ProcessEnv): boolean {
  return !env.NO_COLOR && env.TERM !== 'dumb' && env.FORCE_COLOR !== '0';
}

// ---- Ends that nobody pressed a key for -------------------------------------------------------------------------------------

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

/** Whatever ends the process, the terminal is given back first. */
function guardExit(terminal: Terminal, stop: () => void): { release(): void } {
  let received: NodeJS.Signals | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    received = signal;
    stop();
  };
  const onExit = () => terminal.leave();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('exit', onExit);
  return {
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      process.off('exit', onExit);
      // Nobody else heard it: end as a process without the viewer would have.
      if (received !== null && process.listenerCount(received) === 0) process.kill(process.pid, received);
    },
  };
}

/** Ctrl-Z: gives the terminal to the shell until the person comes back with `fg`. */
function suspendProcess(terminal: Terminal, stdin: NodeJS.ReadStream): void {
  if (process.platform === 'win32') return;
  terminal.leave();
  stdin.setRawMode(false);
  process.once('SIGCONT', () => {
    stdin.setRawMode(true);
    terminal.enter();
    terminal.repaint();
  });
  process.kill(0, 'SIGTSTP'); // the whole group, as the terminal itself would
}
