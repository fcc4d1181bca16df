// In the bundle of the viewer this is what Ink colours with: always in colour. The viewer itself takes the colours out where none are
// wanted, so `CI` and an odd `TERM` in the environment decide nothing behind its back.
import { Chalk } from '../node_modules/chalk/source/index.js';

export default new Chalk({ level: 1 });
