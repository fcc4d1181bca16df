// Bundles what would cost too much to load in pieces: the viewer with Ink and React, and the library that programs import.
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** `input` and all it imports but Node's own modules, as the one ES module `file`. */
export async function bundle(input, file) {
  const built = await rolldown({
    input,
    platform: 'node',
    external: [/^node:/],
    // DEV would make Ink look for developer tools that are not in the bundle.
    transform: { define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' } },
    resolve: {
      alias: {
        'react-devtools-core': path('./empty.mjs'),
        // Ink asks for the width of every character it draws: its own library takes a third of each frame for that.
        'string-width': path('./string-width.mjs'),
      },
    },
  });
  await built.write({ file, format: 'esm', minify: true, codeSplitting: false });
  await built.close();
}

/** Loaded when it is needed, or shared with the rest of dist/: an error must be of one class, whoever throws it. */
const APART = /^(node:|ws$)|(^|\/)(core\/errors|config\/(config|servers)|worker\/serve)\.js$/;

/** The compiled entry of the library with all it imports, in its own place: half a hundred files cost five times as much to load as one. */
export async function bundleLibrary(file) {
  const built = await rolldown({ input: file, platform: 'node', external: (id) => APART.test(id) });
  await built.write({ file, format: 'esm', codeSplitting: false });
  await built.close();
}
