/**
 * Text from outside, made safe and measured for a terminal: nothing that tasks, callers or servers say may move the cursor, change
 * colours, reverse the reading order or paint outside its place. Pure; knows no colours and no escape codes of its own.
 */

/** Control characters, lone surrogates, line and paragraph separators, what changes the direction of text, the byte order mark. */
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu;
const PLAIN = /^[\x20-\x7e]*$/;
/** One column for each code unit: Latin, Greek and Cyrillic letters, punctuation, arrows, boxes, and the signs that bgtask draws. */
const SIMPLE =
  /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u0391-\u0482\u048a-\u052f\u2010-\u2027\u2190-\u21ff\u2298\u2500-\u259f\u25a0-\u25fc\u2713\u2717\u276f]*$/;

/** `text` with everything a terminal would obey made visible, as in `\x1b`. Line breaks and tabs stay. */
export function escapeText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, visible);
}

const STYLE = new RegExp(`(${'\x1b'}\\[[\\d;]*m)`);

/** The same for text that bgtask has painted: colours and weights pass. The last gate before a terminal, for what was escaped nowhere. */
export function escapePainted(text: string): string {
  return text
    .split(STYLE)
    .map((part, index) => (index % 2 === 1 ? part : escapeText(part)))
    .join('');
}

/** The same on one line: each run of line breaks and tabs becomes one blank. */
export function oneLine(text: string): string {
  return PLAIN.test(text) ? text : escapeText(text.replace(/[\t\n\r]+/g, ' '));
}

function visible(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

// ---- Width ------------------------------------------------------------------------------------------------------------------

const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}\p{Default_Ignorable_Code_Point}]+$/u;
const EMOJI = /^(?:\p{Emoji_Presentation}|\p{Regional_Indicator}{2}|\p{Emoji}.*\ufe0f)/u;
/** East Asian wide and fullwidth, in the blocks that hold them. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u;
/** A letter under a heap of marks is no letter any more; the longest emoji has 35 code units. */
const LONGEST_GRAPHEME = 40;

/** Text of which each code unit is one character in one column, so that nothing in it need be searched for longer ones. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}

/** Columns that `text` takes in a terminal. For text without line breaks that went through `escapeText`. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segments.segment(text)) width += graphemeWidth(segment);
  return width;
}

function graphemeWidth(grapheme: string): number {
  if (PLAIN.test(grapheme)) return grapheme.length;
  if (grapheme.length > LONGEST_GRAPHEME) return 1;
  if (ZERO.test(grapheme)) return 0;
  return EMOJI.test(grapheme) || WIDE.test(grapheme) ? 2 : 1;
}

/** The first `width` columns of `text`, the last of them `…` where something is left out. Never splits a character. */
export function cut(text: string, width: number): string {
  if (SIMPLE.test(text)) return text.length <= width ? text : width < 1 ? '' : `${text.slice(0, width - 1)}…`;
  const [line, rest] = split(text, width);
  return rest === '' ? line : width < 1 ? '' : `${split(text, width - 1)[0]}…`;
}

/** Exactly `width` columns: cut where it is longer, filled with blanks where it is shorter. */
export function toWidth(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const short = cut(text, width);
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(short)));
  return side === 'left' ? short + blanks : blanks + short;
}

/** `text` in lines of at most `width` columns, at most `most` of them, parted after a blank where one is near; a tab becomes blanks. */
export function wrap(text: string, width: number, most = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  for (const line of text.replaceAll('\t', '    ').split('\n')) {
    let rest = line;
    do {
      const [head, tail] = splitAtBlank(rest, Math.max(2, width));
      lines.push(head);
      if (lines.length >= most) return lines;
      rest = tail;
    } while (rest !== '');
  }
  return lines;
}

function splitAtBlank(text: string, width: number): [string, string] {
  const [head, tail] = split(text, width);
  const blank = tail === '' || tail.startsWith(' ') ? -1 : head.lastIndexOf(' ');
  return blank < head.length / 2 ? [head, tail] : [head.slice(0, blank + 1), head.slice(blank + 1) + tail];
}

/** `text` parted after at most `width` columns. */
function split(text: string, width: number): [string, string] {
  if (SIMPLE.test(text)) return [text.slice(0, Math.max(0, width)), text.slice(Math.max(0, width))];
  let used = 0;
  let head = '';
  for (const { segment, index } of segments.segment(text)) {
    used += graphemeWidth(segment);
    if (used > width) return [head, text.slice(index)];
    head += segment.length > LONGEST_GRAPHEME ? '\ufffd' : segment;
  }
  return [head, ''];
}
