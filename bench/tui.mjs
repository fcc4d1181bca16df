// Measures the run viewer as it is built: one bundle with Ink and React. Run it with `node bench/tui.mjs`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../scripts/bundle.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bgtask-bench-'));
try {
  await bundle(fileURLToPath(new URL('./tui.tsx', import.meta.url)), join(folder, 'tui.mjs'));
  spawnSync(process.execPath, [join(folder, 'tui.mjs')], { stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
