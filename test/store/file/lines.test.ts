import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computedCrc, eachLineOf, FIRST_CRC, hexOf, isSound, LineWriter, objectOf, storedCrc } from '../../../src/store/file/lines.ts';
import { SimDisk } from '../sim-disk.ts';

const written = (texts: readonly string[], crc = FIRST_CRC) => {
  const lines = new LineWriter(crc);
  for (const text of texts) lines.add(`{"text":${JSON.stringify(text)}`);
  return Buffer.from(lines.take());
};
const split = (bytes: Buffer) =>
  bytes
    .toString('latin1')
    .trimEnd()
    .split('\n')
    .map((text) => Buffer.from(text, 'latin1'));

describe('a written line', () => {
  test('is one line of JSON with its checksum last, whatever it says', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 20 }), (texts) => {
        const lines = written(texts).toString().split('\n');
        expect(lines.pop()).toBe('');
        expect(lines.map((line) => JSON.parse(line).text)).toEqual(texts);
        for (const line of lines) expect(line).toMatch(/,"crc":"[0-9a-f]{8}"\}$/);
      }),
    );
  });

  test('is sound after the line before it, and after no other', () => {
    const lines = split(written(['one', 'two', 'three', 'two']));
    let crc = FIRST_CRC;
    for (const [index, line] of lines.entries()) {
      expect(isSound(line, crc), `line ${index}`).toBe(true);
      expect(isSound(line, (crc ^ 1) >>> 0)).toBe(false);
      crc = storedCrc(line) as number;
    }
    expect(isSound(lines[3] as Buffer, storedCrc(lines[0] as Buffer) as number)).toBe(false);
    expect(objectOf(lines[1] as Buffer)).toEqual({ text: 'two' });
  });

  test('is not sound with any one bit changed', () => {
    const [line] = split(written(['héllo'])) as [Buffer];
    for (let bit = 0; bit < line.length * 8; bit += 1) {
      const changed = Buffer.from(line);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(isSound(changed, FIRST_CRC), `bit ${bit}`).toBe(false);
    }
  });

  test('goes on where the one before ended, over batches of any size', () => {
    const lines = new LineWriter();
    lines.add('{"text":"one"');
    const first = Buffer.from(lines.take());
    lines.add(`{"text":"${'x'.repeat(5_000_000)}"`);
    lines.add('{"text":"ü"');
    const rest = Buffer.from(lines.take());
    expect(Buffer.concat([first, rest]).equals(written(['one', 'x'.repeat(5_000_000), 'ü']))).toBe(true);
    expect(lines.length).toBe(0);
  });
});

test('what is no checked line has no checksum, and is never sound', () => {
  for (const text of ['', '{}', ',"crc":"00000000"}', '{"a":1,"crc":"0000000G"}', '{"a":1,"crc":"0000000A"}', 'x'.repeat(40)]) {
    const line = Buffer.from(text);
    expect(isSound(line, FIRST_CRC), text).toBe(false);
  }
  expect(hexOf(0)).toBe('00000000');
  expect(hexOf(0xffffffff)).toBe('ffffffff');
  expect(computedCrc(Buffer.alloc(0), FIRST_CRC)).toBe(0);
});

describe('reading lines', () => {
  const collect = async (bytes: Buffer, until: number | null = null, from = 0) => {
    const disk = new SimDisk();
    disk.put('/f', bytes);
    const lines: [string, number, boolean][] = [];
    const to = await eachLineOf(disk, '/f', until, (line, at, isWhole) => void lines.push([line.toString(), at, isWhole]), from);
    return { lines, to };
  };

  test('gives each with its place, and tells a last one without an end', async () => {
    expect(await collect(Buffer.from('a\n\nbc\nd'))).toEqual({
      lines: [
        ['a', 0, true],
        ['', 2, true],
        ['bc', 3, true],
        ['d', 6, false],
      ],
      to: 7,
    });
    expect((await collect(Buffer.from('a\nbc\nd\n'), 5, 2)).lines).toEqual([['bc', 2, true]]);
    expect((await collect(Buffer.alloc(0))).lines).toEqual([]);
  });

  test('holds together lines longer than what is read at once', async () => {
    const lengths = [10, 3_000_000, 5, 1_048_575, 1_048_576, 1_048_577, 7_000_000, 1];
    const bytes = Buffer.from(lengths.map((length) => 'x'.repeat(length)).join('\n'));
    const { lines } = await collect(bytes);
    expect(lines.map(([text]) => text.length)).toEqual(lengths);
    expect(lines.at(-1)?.[2]).toBe(false);
  });

  test('stops when it is told to', async () => {
    const disk = new SimDisk();
    disk.put('/f', Buffer.from('a\nb\nc\n'));
    const seen: string[] = [];
    await eachLineOf(disk, '/f', null, (line) => {
      seen.push(line.toString());
      return seen.length === 2 ? 'stop' : undefined;
    });
    expect(seen).toEqual(['a', 'b']);
  });
});
