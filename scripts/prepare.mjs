// Runs after `npm ci` in a clone: builds, unless only the runtime dependencies are there (`--omit=dev`). It also runs at the first
// `npx bgtask` in a clone, which makes the clone known to npx: what `npm ci` built stands, and a build would keep a reader waiting.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => existsSync(fileURLToPath(new URL(`../${path}`, import.meta.url)));
const isBuilt = here('dist') && here('oclif.manifest.json');
if (here('node_modules/typescript') && !(isBuilt && process.env.npm_command === 'exec')) await import('./build.mjs');
