// Bundles the viewer with Ink and React into one file: importing them unbundled costs half a second at each start.
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
