/** A terminal without a process: what is written is shown by a real emulator, what is typed is read as Node reads it. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import xterm from '@xterm/headless';

export class FakeTerminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Everything that was written. */
  written = '';
  isRaw = false;
  readonly #emulator: xterm.Terminal;
  readonly #out: EventEmitter & { columns: number; rows: number };

  constructor(columns = 80, rows = 24) {
    this.#emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 100 });
    const write = (text: string): boolean => {
      this.written += text;
      this.#emulator.write(text);
      return true;
    };
    this.#out = Object.assign(new EventEmitter(), { columns, rows, isTTY: true, writable: true, write });
    this.stdout = this.#out as unknown as NodeJS.WriteStream;
    const setRawMode = (raw: boolean) => {
      this.isRaw = raw;
    };
    this.stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode, ref() {}, unref() {} }) as unknown as NodeJS.ReadStream;
  }

  type(keys: string): void {
    (this.stdin as unknown as PassThrough).write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows);
    Object.assign(this.#out, { columns, rows });
    this.#out.emit('resize');
  }

  /** What a person sees, line by line, once the emulator has taken in all that was written. */
  async screen(): Promise<string[]> {
    await new Promise<void>((resolve) => this.#emulator.write('', resolve));
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '');
  }

  /** `alternate` while an application has the screen for itself. */
  get buffer(): 'normal' | 'alternate' {
    return this.#emulator.buffer.active.type;
  }

  /** Resolves with the screen once `text` stands on it. */
  async shows(text: string): Promise<string[]> {
    for (;;) {
      const screen = await this.screen();
      if (screen.join('\n').includes(text)) return screen;
      await new Promise(setImmediate);
    }
  }
}
