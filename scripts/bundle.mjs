// Bundles what would cost too much to load in pieces: the viewer with Ink and React, and the library that programs import.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** `input` and all it imports but Node's own modules, as the one ES module `file`. */
export async function bundle(input, file) {
  const built = await rolldown({
    input,
    platform: 'node',
    external: [/^node:/],
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    resolve: {
      alias: {
        'react-devtools-core': path('./empty.mjs'),
        chalk: path('./chalk.mjs'),
        // Ink measures and takes apart every character of every frame; with these that costs a third.
        'string-width': path('./string-width.mjs'),
        '@alcalzone/ansi-tokenize': path('./ansi-tokenize.mjs'),
      },
    },
    plugins: [notInDevelopment],
  });
  await built.write({ file, format: 'esm', minify: true, codeSplitting: false });
  await built.close();
}

/** With DEV=true in the environment, which other tools set too, Ink would look for developer tools that are not in the bundle. */
const notInDevelopment = {
  name: 'not-in-development',
  load: (id) => (/[\\/]ink[\\/]build[\\/]utils\.js$/.test(id) ? 'export const isDev = () => false;' : null),
};

/** Loaded when it is needed, or shared with the rest of dist/: an error must be of one class, whoever throws it. */
const APART = /^(node:|ws$)|(^|\/)(core\/errors|config\/(config|servers)|worker\/serve)\.js$/;

/** The compiled entry of the library with all it imports, in its own place: half a hundred files cost five times as much to load as one. */
export async function bundleLibrary(file) {
  const built = await rolldown({ input: file, platform: 'node', external: (id) => APART.test(id) });
  await built.write({ file, format: 'esm', codeSplitting: false });
  await built.close();
}

/** What commands load when they need it: it is big, or other processes load it too. */
const LATER = /^(node:|#tui$|typescript$|pnpapi$|ws$|lowdb)|(^|\/)(core\/errors|server\/server|store\/(open|maintain)|worker\/serve)\.js$/;

/** What oclif looks for plugins, rc files and Windows below Linux with. */
const UNUSED = ['minimatch', 'lilconfig', 'wsl-utils'];

/**
 * The compiled command line in its own place, with oclif inside: of its hundred files most are needed by every command. Each command
 * stays a file of its own, as the manifest has it; what they share is beside them in `cli/`, and what went in there is taken away.
 * @param folder dist/, or what will be.
 */
export async function bundleCommands(folder) {
  const files = readdirSync(`${folder}/commands`, { recursive: true }).filter((file) => file.endsWith('.js'));
  const entries = [...files.map((file) => `commands/${file}`), 'src/cli/main.js', 'src/cli/help.js', 'src/cli/not-found.js'];
  const built = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry.replace(/\.js$/, ''), `${folder}/${entry}`])),
    platform: 'node',
    external: (id) => LATER.test(id),
    checks: { ineffectiveDynamicImport: false },
    resolve: { alias: Object.fromEntries(UNUSED.map((name) => [name, path('./empty.mjs')])) },
  });
  // Each file costs more to find than to read, so few of them; readable, since a stack points into them.
  const groups = [
    { name: 'packages', test: /node_modules/ },
    { name: 'client', test: /\/src\/client\// },
    { name: 'shared', test: /\/src\/(cli\/(?!main|help)|config\/|core\/|system\/)/ },
  ];
  const names = { entryFileNames: '[name].js', chunkFileNames: 'cli/[name].js' };
  await built.write({ dir: folder, format: 'esm', ...names, codeSplitting: { groups } });
  await built.close();
  const bundled = readdirSync(`${folder}/src/cli`).filter((file) => !/^(main|help|not-found)\.js$/.test(file));
  for (const file of bundled) rmSync(`${folder}/src/cli/${file}`);
}
