/** Run ids: UUIDv7, so that they sort by the time they were made. Clock and chance come in as arguments. */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Makes ids that rise strictly, also within one millisecond. `fill` puts random bytes into the array it gets. */
export function idMaker(now: () => number, fill: (bytes: Uint8Array) => void): () => string {
  const bytes = new Uint8Array(10);
  const hex = (at: number): string => HEX[bytes[at] as number] as string;
  let lastMs = 0;
  let counter = 0;
  /** The text of `timeMs`: most ids share their millisecond with the one before. */
  let time = '';
  let timeMs = -1;
  return () => {
    const ms = now();
    fill(bytes);
    // 12 bits after the version: random at the start of a millisecond, then counted; when they run out, borrow from the next one.
    counter = ms > lastMs ? (((bytes[0] as number) << 8) | (bytes[1] as number)) & 0x7ff : counter + 1;
    lastMs = Math.max(ms, lastMs);
    if (counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
    if (timeMs !== lastMs) {
      const text = lastMs.toString(16).padStart(12, '0');
      time = `${text.slice(0, 8)}-${text.slice(8)}`;
      timeMs = lastMs;
    }
    bytes[0] = 0x70 | (counter >> 8);
    bytes[1] = counter & 0xff;
    bytes[2] = 0x80 | ((bytes[2] as number) & 0x3f);
    return `${time}-${hex(0)}${hex(1)}-${hex(2)}${hex(3)}-${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`;
  };
}

export const SHORT_ID = 8;
const SHORT_FROM = 12;
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** When a UUIDv7 was made, in milliseconds since the epoch; null for any other id. */
export function madeAt(id: string): number | null {
  return UUID7.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
}

/** The end of an id: in a UUIDv7 that is the part that differs between runs of one moment. What people read; commands take it, too. */
export function shortId(id: string): string {
  return id.length > SHORT_FROM ? id.slice(-SHORT_ID) : id;
}
