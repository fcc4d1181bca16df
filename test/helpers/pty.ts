/** A command in a real pseudo-terminal, and what a person sees of it. */
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

const PATIENCE_MS = 30_000;

export interface Ended {
  readonly code: number;
  readonly signal: number;
}
export interface PtyOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly columns?: number;
  readonly rows?: number;
}

export class Pty {
  readonly ended: Promise<Ended>;
  /** Everything that was written. */
  written = '';
  readonly #pty: IPty;
  readonly #emulator: xterm.Terminal;
  readonly #listeners = new Set<() => void>();
  #hasEnded = false;

  constructor(file: string, args: readonly string[], { cwd, env, columns = 80, rows = 24 }: PtyOptions) {
    const size = { cols: columns, rows };
    this.#emulator = new xterm.Terminal({ ...size, allowProposedApi: true });
    this.#pty = spawn(file, [...args], { ...size, cwd, env: { ...env, TERM: 'xterm-256color' } as Record<string, string> });
    this.#pty.onData((text) => {
      this.written += text;
      this.#emulator.write(text, () => this.#changed());
    });
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal = 0 }) => {
        this.#hasEnded = true;
        resolve({ code: exitCode, signal });
        this.#changed();
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** What a person sees, line by line. */
  get screen(): string[] {
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '');
  }

  /** `alternate` while an application has the screen for itself. */
  get buffer(): 'normal' | 'alternate' {
    return this.#emulator.buffer.active.type;
  }

  /** Resolves with the screen once it matches. @throws It never does; the error shows the screen. */
  shows(pattern: RegExp): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#listeners.delete(look);
        clearTimeout(late);
        settle();
      };
      const fail = (what: string) => end(() => reject(new Error(`${what} ${pattern}:\n${this.screen.join('\n')}`)));
      const look = () => {
        const { screen } = this;
        if (pattern.test(screen.join('\n'))) end(() => resolve(screen));
        else if (this.#hasEnded) fail('It ended without showing');
      };
      const late = setTimeout(() => fail(`It did not show within ${PATIENCE_MS} ms`), PATIENCE_MS);
      this.#listeners.add(look);
      look();
    });
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Hangs up, as a closed window does, and waits for the end. */
  async close(): Promise<void> {
    if (!this.#hasEnded) this.#pty.kill();
    await this.ended;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
