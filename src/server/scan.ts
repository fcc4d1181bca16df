/**
 * Looks at JSON text before it is parsed, so that nothing reaches `JSON.parse` that would stall the loop or come out of it changed:
 * too deep, too many keys, a key said twice, a number that JavaScript cannot hold. What is no JSON at all it lets pass: the parser
 * says that better.
 */
import { LIMITS } from '../core/protocol.ts';

export interface JsonProblem {
  readonly code: 'too_deep' | 'too_many_keys' | 'duplicate_key' | 'inexact_number';
  readonly message: string;
}

/**
 * The first problem of `text`, or null. `unit` is the nesting at which one run begins, and the limits hold for each of them:
 * 1 where the text is one run, 3 where it stands in an array inside an object.
 */
export function scan(text: string, unit: number): JsonProblem | null {
  const scanner = new Scanner(text, unit);
  for (let i = 0; i < text.length && scanner.problem === null; i += 1) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? KIND[code] : OTHER;
    if (kind !== OTHER) i = scanner.take(kind as number, code, i);
  }
  return scanner.problem;
}

const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const QUOTE = 34;
const BACKSLASH = 92;

const OTHER = 0;
const STRING = 1;
const NUMBER = 2;
const OPEN_OBJECT = 3;
const OPEN_ARRAY = 4;
const CLOSE = 5;
const COMMA = 6;
const COLON = 7;
/** What begins with each ASCII character. */
const KIND = new Uint8Array(128);
KIND.fill(NUMBER, ZERO, NINE + 1);
for (const [text, kind] of ['"', '-', '{', '[', '}', ']', ',', ':'].map((char) => [char, kindOf(char)] as const))
  KIND[text.charCodeAt(0)] = kind;

function kindOf(char: string): number {
  return { '"': STRING, '-': NUMBER, '{': OPEN_OBJECT, '[': OPEN_ARRAY, ',': COMMA, ':': COLON }[char] ?? CLOSE;
}

/** Objects with more keys than this look them up in a set. */
const FEW_KEYS = 12;

class Scanner {
  problem: JsonProblem | null = null;
  readonly #text: string;
  readonly #unit: number;
  readonly #limit: number;
  /** For each open object or array, outermost first. */
  readonly #isObject: boolean[] = [];
  readonly #bases: number[] = [];
  readonly #sets: (Set<string> | null)[] = [];
  #depth = 0;
  /** Keys of all open objects in one stack of `#top` entries; `#bases` says where each one's begin. */
  readonly #keys: string[] = [];
  #top = 0;
  /** Keys of this run. */
  #counted = 0;
  #expectsKey = false;

  constructor(text: string, unit: number) {
    this.#text = text;
    this.#unit = unit;
    this.#limit = LIMITS.depth + unit - 1;
  }

  /** Takes in what begins at `i`; answers with where it ends. */
  take(kind: number, code: number, i: number): number {
    if (kind === STRING) return this.#string(i);
    if (kind === NUMBER) return this.#number(i, code);
    if (kind === CLOSE) this.#close();
    else if (kind === COMMA) this.#expectsKey = this.#isObject[this.#depth - 1] === true;
    else if (kind === COLON) this.#expectsKey = false;
    else this.#open(kind === OPEN_OBJECT);
    return i;
  }

  #string(start: number): number {
    const end = endOfString(this.#text, start + 1);
    if (this.#expectsKey) this.#key(this.#text.slice(start + 1, end));
    return end;
  }

  #number(start: number, first: number): number {
    const end = endOfNumber(this.#text, start + 1);
    // Short whole numbers, by far the most, are always kept.
    const plain = end - start <= 15 && first !== MINUS && first !== ZERO && !hasExponent(this.#text, start, end);
    const literal = plain ? '' : this.#text.slice(start, end);
    if (!plain && !isKept(literal)) {
      const shown = literal.length > 40 ? `${literal.slice(0, 40)}…` : literal;
      this.problem = { code: 'inexact_number', message: `JavaScript cannot hold the number ${shown} as it is; send it as text` };
    }
    return end - 1;
  }

  #key(raw: string): void {
    const key = raw.includes('\\') ? unescaped(raw) : raw;
    this.#expectsKey = false;
    this.#counted += 1;
    if (this.#counted > LIMITS.keys) this.problem = { code: 'too_many_keys', message: `A run has more than ${LIMITS.keys} keys` };
    else if (!this.#add(key)) this.problem = { code: 'duplicate_key', message: `The key ${shortly(key)} stands twice in one object` };
  }

  #open(isObject: boolean): void {
    if (this.#depth >= this.#limit) {
      this.problem = { code: 'too_deep', message: `The JSON is nested deeper than ${LIMITS.depth} levels` };
      return;
    }
    if (this.#depth === this.#unit - 1) this.#counted = 0;
    this.#isObject[this.#depth] = isObject;
    this.#bases[this.#depth] = this.#top;
    this.#sets[this.#depth] = null;
    this.#depth += 1;
    this.#expectsKey = isObject;
  }

  #close(): void {
    this.#expectsKey = false;
    if (this.#depth === 0) return;
    this.#depth -= 1;
    this.#top = this.#bases[this.#depth] as number;
  }

  /** False where the innermost object has the key already. */
  #add(key: string): boolean {
    const set = this.#sets[this.#depth - 1];
    if (set ? set.has(key) : this.#isAmong(key)) return false;
    set?.add(key);
    this.#keys[this.#top] = key;
    this.#top += 1;
    return true;
  }

  #isAmong(key: string): boolean {
    const base = this.#bases[this.#depth - 1] as number;
    for (let i = base; i < this.#top; i += 1) if (this.#keys[i] === key) return true;
    if (this.#top - base >= FEW_KEYS) this.#sets[this.#depth - 1] = new Set(this.#keys.slice(base, this.#top)).add(key);
    return false;
  }
}

function shortly(key: string): string {
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
}

function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw; // no JSON: the parser will say so
  }
}

/** The index of the closing quote, or the end of the text. */
function endOfString(text: string, from: number): number {
  let i = from;
  for (; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i += 1;
  }
  return i;
}

function endOfNumber(text: string, from: number): number {
  let i = from;
  while (i < text.length && isNumberPart(text.charCodeAt(i))) i += 1;
  return i;
}

/** Digits, `+ - .` and `e E`. */
function isNumberPart(code: number): boolean {
  return (code >= ZERO && code <= NINE) || code === MINUS || code === 43 || code === 46 || code === 69 || code === 101;
}

function hasExponent(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) if ((text.charCodeAt(i) | 32) === 101) return true;
  return false;
}

/** Whether JavaScript keeps the number. Decimals are rounded everywhere; whole numbers, size and sign must stay as they were written. */
function isKept(literal: string): boolean {
  const number = Number(literal);
  if (Number.isNaN(number)) return true; // no JSON: the parser will say so
  if (!Number.isFinite(number) || Object.is(number, -0)) return false;
  if (number === 0) return !/^[-0.]*[1-9]/.test(literal);
  return !/^-?\d+$/.test(literal) || String(number) === literal || BigInt(literal) === BigInt(number);
}
