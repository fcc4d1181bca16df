// Runs after `npm ci` in a clone: builds, unless only the runtime dependencies are there (`--omit=dev`).
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const typescript = fileURLToPath(new URL('../node_modules/typescript', import.meta.url));
if (existsSync(typescript)) await import('./build.mjs');
