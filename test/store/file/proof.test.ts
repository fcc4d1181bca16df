/** When a line that is not sound is damage, and when it is a write that never ended. */
import { describe, expect, test } from 'vitest';
import { LineWriter, storedCrc } from '../../../src/store/file/lines.ts';
import { ProofSearch, partsOf } from '../../../src/store/file/proof.ts';

/** Lines 1 to `count`, each written when all before it were durable, or none with `inOneBatch`. */
function lines(count: number, inOneBatch = false): Buffer[] {
  const writer = new LineWriter();
  return Array.from({ length: count }, (_, index) => {
    writer.add(`{"s":${index + 1},"d":${inOneBatch ? 0 : index},"e":1,"t":0,"k":"mark"`);
    return Buffer.from(writer.take().subarray(0, -1));
  });
}
/** What is found when line 2 of `all` is replaced by what `spoil` makes of it. */
function proof(all: Buffer[], spoil: (line: Buffer) => Buffer[]): (string | null)[] {
  const search = new ProofSearch(storedCrc(all[0] as Buffer) as number, 2);
  return [...spoil(all[1] as Buffer), ...all.slice(2)].map((line) => search.look(line, true)).filter((found) => found !== null);
}
const flip = (line: Buffer, at: number): Buffer => {
  const changed = Buffer.from(line);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
};

describe('damage is proven', () => {
  test('by any later sound line that was written when the bad one was durable', () => {
    for (let at = 0; at < (lines(3)[1] as Buffer).length; at += 1) {
      expect(proof(lines(3), (line) => [flip(line, at)])[0], `byte ${at}`).toMatch(
        /later lines show that it was stored \(up to 2 at least\)/,
      );
    }
  });

  test('by the right line behind what does not belong there', () => {
    expect(proof(lines(2), (line) => [Buffer.from('garbage'), line])).toEqual(['the right one stands behind it']);
  });

  test('though two lines ran into one', () => {
    const [first, second, third, fourth] = lines(4) as [Buffer, Buffer, Buffer, Buffer];
    const joined = Buffer.concat([second, Buffer.from('x'), third]);
    expect(partsOf(joined)).toEqual([second, third]);
    const search = new ProofSearch(storedCrc(first) as number, 2);
    expect(search.look(joined, true)).toMatch(/the right one/);
    expect(new ProofSearch(storedCrc(second) as number, 3).look(flip(third, 10), true)).toBeNull();
    expect(partsOf(fourth)).toEqual([fourth]);
  });
});

describe('nothing is proven', () => {
  test('by lines of the same batch: they may have reached the disk in any order', () => {
    expect(proof(lines(5, true), (line) => [flip(line, 12)])).toEqual([]);
  });

  test('by lines that are not sound themselves, or not whole', () => {
    const [first, , third] = lines(3) as [Buffer, Buffer, Buffer];
    const search = new ProofSearch(storedCrc(first) as number, 2);
    expect(search.look(Buffer.from('x'), true)).toBeNull();
    expect(search.look(third, false)).toBeNull();
    expect(search.look(flip(third, 8), true)).toBeNull();
  });
});
