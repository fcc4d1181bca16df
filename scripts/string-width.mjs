// In the bundle of the viewer this is what Ink measures text with: the same widths as core/text.ts, and much faster.
import { displayWidth } from '../src/core/text.ts';
import { remember } from './memo.mjs';

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what takes the colours out
const COLOURS = /\x1b\[[\d;]*m/g;

export default remember((text) => displayWidth(text.includes('\x1b') ? text.replace(COLOURS, '') : text));
