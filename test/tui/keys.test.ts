import type { Key as InkKey } from 'ink';
import { describe, expect, test } from 'vitest';
import { actionOf, BINDINGS, keysOf } from '../../src/tui/keys.ts';

/** As Ink tells keys. */
function key(over: Partial<InkKey> = {}): InkKey {
  return over as InkKey;
}

describe('keysOf', () => {
  test.each<[string, string, Partial<InkKey>, string[]]>([
    ['a letter', 'j', {}, ['j']],
    ['a capital', 'G', { shift: true }, ['G']],
    ['fast typing', 'jjj', {}, ['j', 'j', 'j']],
    ['Enter', '', { return: true }, ['enter']],
    ['Enter and Backspace at once', '\r\x7f', {}, ['enter', 'backspace']],
    ['Backspace, which Ink calls delete', '', { delete: true }, ['backspace']],
    ['an arrow', '', { upArrow: true }, ['up']],
    ['Escape', '', { escape: true, meta: true }, ['escape']],
    ['Escape and a key at once', 'q', { meta: true }, ['escape', 'q']],
    ['Ctrl-C', 'c', { ctrl: true }, ['ctrl+c']],
    ['Ctrl-C behind other keys', 'jj\x03', {}, ['j', 'j', 'ctrl+c']],
    ['a letter outside ASCII', '日👍', {}, ['日', '👍']],
    ['a mouse report', '[<64;10;5M', {}, []],
    ['a function key', '', { ctrl: true }, []],
  ])('%s', (_, input, flags, keys) => {
    expect(keysOf(input, key(flags))).toEqual(keys);
  });
});

describe('the table of keys', () => {
  test('gives no key two meanings', () => {
    const keys = BINDINGS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('leads from each key to its action', () => {
    for (const { action, keys } of BINDINGS) for (const one of keys) expect(actionOf(one)).toBe(action);
    expect(actionOf('x')).toBeUndefined();
  });
});
