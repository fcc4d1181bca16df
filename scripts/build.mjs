// Builds dist/: compiled sources, the bundled viewer, the manifest of the commands. What was there stays in use until the new one is whole.
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const fresh = `${root}.dist-${process.pid}`;

try {
  execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    stdio: 'inherit',
  });
  if (existsSync(`${root}src/tui/app.tsx`)) await bundleViewer(`${fresh}/tui.js`);
  const old = `${root}.dist-old-${process.pid}`;
  if (existsSync(`${root}dist`)) renameSync(`${root}dist`, old);
  renameSync(fresh, `${root}dist`);
  rmSync(old, { recursive: true, force: true });
  await writeManifest();
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** Ink and React in one file: importing them unbundled costs half a second at each start. */
async function bundleViewer(file) {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: `${root}src/tui/app.tsx`,
    platform: 'node',
    external: [/^node:/],
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    resolve: { alias: { 'react-devtools-core': fileURLToPath(new URL('./empty.mjs', import.meta.url)) } },
  });
  await bundle.write({ file, format: 'esm', minify: true });
  await bundle.close();
}

/** With a manifest oclif imports only the command that is asked for. */
async function writeManifest() {
  const { Plugin } = await import('@oclif/core');
  const plugin = new Plugin({ type: 'core', ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true, root });
  await plugin.load();
  writeFileSync(`${root}oclif.manifest.json`, JSON.stringify(plugin.manifest));
}
