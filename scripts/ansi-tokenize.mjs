// In the bundle of the viewer this is what Ink takes lines apart with and puts them together: the library itself, but a line that was
// in the frame before is remembered, and styles are compared only where they change, not at every character.
import * as library from '../node_modules/@alcalzone/ansi-tokenize/build/index.js';
import { remember } from './memo.mjs';

/** Ink only ever passes this on to the next. */
export const tokenize = (line) => line;

export const styledCharsFromTokens = remember((line) => {
  let styles = [];
  return library.styledCharsFromTokens(library.tokenize(line)).map((character) => {
    if (!isSame(styles, character.styles)) styles = character.styles;
    return { ...character, styles };
  });
});

function isSame(one, other) {
  return one.length === other.length && one.every((style, index) => style.code === other[index].code);
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
