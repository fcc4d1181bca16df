import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Terminal } from '../../src/tui/terminal.ts';
import { FakeTerminal } from '../helpers/fake-terminal.ts';

function entered(columns = 20, rows = 5, colours = true) {
  const fake = new FakeTerminal(columns, rows);
  const terminal = new Terminal(fake.stdout, colours);
  terminal.enter();
  return { fake, terminal, draw: (...lines: string[]) => terminal.surface.write(lines.join('\n')) };
}

describe('painting', () => {
  test('shows the newest frame, whatever the frames before it were', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '日', '─'), maxLength: 9 }).map((text) => text.trimEnd());
    const frames = fc.array(fc.array(line, { minLength: 1, maxLength: 7 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(frames, async (all) => {
        const { fake, draw } = entered();
        for (const lines of all) draw(...lines);
        const last = all.at(-1) as string[];
        const isEmpty = last.join('\n') === ''; // Ink ends with an empty text, which is no frame
        if (!isEmpty) expect(await fake.screen()).toEqual(Array.from({ length: 5 }, (_, row) => last[row] ?? ''));
      }),
    );
  });

  test('writes only the lines that changed', () => {
    const { fake, draw } = entered();
    draw('one', 'two', 'three');
    fake.written = '';
    draw('one', 'TWO', 'three');
    expect(fake.written).toContain('TWO');
    expect(fake.written).not.toMatch(/one|three/);
    fake.written = '';
    draw('one', 'TWO', 'three');
    expect(fake.written).toBe('');
  });

  test('never scrolls, and leaves the scrollback alone, with lines in every row and to the last column', async () => {
    const { fake, draw } = entered();
    const full = Array.from({ length: 5 }, (_, row) => String(row).repeat(20));
    draw(...full);
    draw(...full.map((line) => line.replaceAll('0', 'x')));
    expect((await fake.screen())[0]).toBe('x'.repeat(20));
    expect((await fake.screen())[4]).toBe('4'.repeat(20));
    expect(fake.written).not.toContain('\x1b[3J');
    expect(fake.written).not.toContain('\n');
  });

  test('keeps a line that is wider than the terminal thinks in its row', async () => {
    const { fake, draw } = entered();
    draw('x'.repeat(30), 'below');
    expect((await fake.screen()).slice(0, 3)).toEqual([expect.stringMatching(/^x{20}$/), 'below', '']);
  });

  test('writes no colours where none are wanted', () => {
    const { fake, draw } = entered(20, 5, false);
    draw('\x1b[31m\x1b[1mred\x1b[22m\x1b[39m');
    expect(fake.written).toContain('red');
    for (const code of ['31', '1', '22', '39']) expect(fake.written).not.toContain(`\x1b[${code}m`);
  });

  test('paints everything again when asked, and after the size changed', async () => {
    const { fake, terminal, draw } = entered();
    draw('one', 'two');
    fake.stdout.write('\x1b[1;1Hscribble');
    terminal.repaint();
    expect((await fake.screen()).slice(0, 2)).toEqual(['one', 'two']);
    let size: unknown;
    terminal.onSize(() => {
      size = terminal.size;
    });
    fake.resize(30, 6);
    draw('one', 'two');
    expect(size).toEqual({ columns: 30, rows: 6 });
    expect((await fake.screen()).slice(0, 2)).toEqual(['one', 'two']);
  });
});

describe('the terminal', () => {
  test('is given back as it was: what stood there, its cursor, its modes', async () => {
    const fake = new FakeTerminal(20, 5);
    fake.stdout.write('$ bgtask task ls\r\n');
    const terminal = new Terminal(fake.stdout, true);
    terminal.enter();
    terminal.surface.write('frame');
    await fake.screen();
    expect(fake.buffer).toBe('alternate');
    terminal.leave();
    expect((await fake.screen())[0]).toBe('$ bgtask task ls');
    expect(fake.buffer).toBe('normal');
    for (const mode of ['1049', '25', '7', '2004']) {
      const [last] = [...fake.written.matchAll(new RegExp(`\\[\\?${mode}([hl])`, 'g'))].slice(-1);
      expect([mode, last?.[1]]).toEqual([mode, mode === '25' || mode === '7' ? 'h' : 'l']);
    }
  });

  test('is entered and left once, and nothing is painted outside', () => {
    const { fake, terminal, draw } = entered();
    terminal.enter();
    terminal.leave();
    const { written } = fake;
    terminal.leave();
    draw('late');
    terminal.repaint();
    expect(fake.written).toBe(written);
    expect(written.split('\x1b[?1049h')).toHaveLength(2);
  });

  test('that went away is not written to', () => {
    const { fake, terminal } = entered();
    Object.assign(fake.stdout, { writable: false });
    fake.written = '';
    terminal.leave();
    expect(fake.written).toBe('');
  });
});
