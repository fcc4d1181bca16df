// Builds dist/: compiled sources, the bundled viewer, library and command line, the manifest of the commands. What was there stays in use until the new one is whole.
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundle, bundleCommands, bundleLibrary } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const fresh = `${root}.dist-${process.pid}`;

try {
  execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    stdio: 'inherit',
  });
  await bundle(`${root}src/tui/app.tsx`, `${fresh}/tui.js`);
  await bundleLibrary(`${fresh}/src/index.js`);
  await bundleCommands(fresh);
  const old = `${root}.dist-old-${process.pid}`;
  if (existsSync(`${root}dist`)) renameSync(`${root}dist`, old);
  renameSync(fresh, `${root}dist`);
  rmSync(old, { recursive: true, force: true });
  await writeManifest();
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** With a manifest oclif imports only the command that is asked for. */
async function writeManifest() {
  const { Plugin } = await import('@oclif/core');
  const plugin = new Plugin({ type: 'core', ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true, root });
  await plugin.load();
  writeFileSync(`${root}oclif.manifest.json`, JSON.stringify(plugin.manifest));
}
