/**
 * The terminal while the viewer has it: the alternate screen with its modes, and the painting. Ink makes each frame as text (its `debug`
 * mode) and this paints only the lines that changed, at their place. So a frame may be as high as the terminal, nothing ever scrolls or
 * clears the scrollback, `CI` in the environment changes nothing, and a line that the terminal finds wider than we do cannot spill over.
 */
import { EventEmitter } from 'node:events';

/** Alternate screen, no cursor, no wrapping at the right edge, pasted text marked as such. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J';
const LEAVE = '\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l';
/** The terminal shows what stands between them at once. */
const SYNC = ['\x1b[?2026h', '\x1b[?2026l'] as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what takes the colours out
const COLOURS = /\x1b\[[\d;]*m/g;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export class Terminal {
  /** What Ink takes for the terminal. */
  readonly surface: NodeJS.WriteStream;
  readonly #out: NodeJS.WriteStream;
  readonly #colours: boolean;
  readonly #resized: () => void;
  #painted: readonly string[] = [];
  #frame = '';
  #entered = false;

  constructor(out: NodeJS.WriteStream, colours: boolean) {
    this.#out = out;
    this.#colours = colours;
    const write = (frame: string, done?: () => void) => {
      this.#paint(frame);
      done?.();
      return true;
    };
    const surface = Object.assign(new EventEmitter(), { write });
    Object.defineProperty(surface, 'columns', { get: () => this.size.columns });
    Object.defineProperty(surface, 'rows', { get: () => this.size.rows });
    this.surface = surface as unknown as NodeJS.WriteStream;
    this.#resized = () => {
      this.#painted = [];
      if (this.#entered) this.#write('\x1b[2J');
      surface.emit('size');
    };
  }

  get size(): Size {
    return { columns: this.#out.columns || 80, rows: this.#out.rows || 24 };
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#out.on('resize', this.#resized);
    this.#out.on('error', ignore); // a terminal that went away is told by a signal
    this.#write(ENTER);
  }

  /** Gives the terminal back as it was. Safe to call twice, and from an `exit` handler. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#painted = [];
    this.#out.off('resize', this.#resized);
    this.#write(LEAVE);
  }

  repaint(): void {
    this.#painted = [];
    if (this.#entered) this.#write('\x1b[2J');
    this.#paint(this.#frame);
  }

  /** Calls `listener` after the terminal got another size. */
  onSize(listener: () => void): void {
    this.surface.on('size', listener);
  }

  #paint(frame: string): void {
    if (frame === '') return; // the end of what Ink writes
    this.#frame = frame;
    if (!this.#entered) return;
    const text = this.#colours ? frame : frame.replace(COLOURS, '');
    const lines = text.split('\n').slice(0, this.size.rows);
    const changes: string[] = [];
    for (let row = 0; row < Math.max(lines.length, this.#painted.length); row++) {
      const line = lines[row] ?? '';
      if (line !== this.#painted[row]) changes.push(`\x1b[${row + 1};1H\x1b[2K${line}`);
    }
    this.#painted = lines;
    if (changes.length > 0) this.#write(SYNC[0] + changes.join('') + SYNC[1]);
  }

  #write(text: string): void {
    if (this.#out.writable) this.#out.write(text);
  }
}

function ignore(): void {}
