// In the bundle of the viewer this is what Ink takes lines apart with and puts them together. It does what the library does, but a line
// that was in the frame before is remembered, plain text is not searched for graphemes, and styles are compared only where they change.
import * as library from '../node_modules/@alcalzone/ansi-tokenize/build/index.js';
import { isSimple } from '../src/core/text.ts';
import { remember } from './memo.mjs';

/** Ink only ever passes this on to the next. */
export const tokenize = (line) => line;

export const styledCharsFromTokens = remember((line) => {
  const characters = [];
  let styles = [];
  for (const token of tokensOf(line)) {
    if (token.type === 'ansi') styles = library.reduceAnsiCodesIncremental(styles, [token]);
    else characters.push({ ...token, styles });
  }
  return characters;
});

function* tokensOf(line) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what parts the styles from the text
  for (const piece of line.split(/(\x1b\[[\d;]*m)/)) {
    if (isSimple(piece)) for (const value of piece) yield { type: 'char', value, fullWidth: false };
    else yield* library.tokenize(piece);
  }
}

export function styledCharsToString(characters) {
  let text = '';
  let styles = [];
  for (const character of characters) {
    if (character.styles !== styles && (styles.length > 0 || character.styles.length > 0)) {
      text += library.ansiCodesToString(library.diffAnsiCodes(styles, character.styles));
    }
    styles = character.styles;
    text += character.value;
  }
  return styles.length > 0 ? text + library.ansiCodesToString(library.diffAnsiCodes(styles, [])) : text;
}
