/** The command line as bin/run.js starts it: oclif with what this program needs of it, and nothing that it would look for elsewhere. */
import { execute } from '@oclif/core/execute';
import type { Plugin } from '@oclif/core/interfaces';
import { settings } from '@oclif/core/settings';

/** `EXIT.io`; errors.ts is loaded only where something went wrong. */
const EXIT_IO = 74;

/**
 * Runs the command that the arguments of the process name, and ends the process where it fails.
 * @param root Folder of package.json.
 * @param plugins Commands that are loaded already; default: those of the manifest.
 */
export async function main(root: string, plugins?: Map<string, Plugin>): Promise<void> {
  process.stdout.prependListener('error', lost); // that of oclif throws
  settings.enableAutoTranspile = false; // else oclif looks for TypeScript where NODE_ENV says development or test
  const own = { userPlugins: false, devPlugins: false }; // nobody's data folder may add commands to this program
  await execute({ loadOptions: { root, ...own, ...(plugins && { plugins }) } });
}

/** The output goes to a file, and its disk is full or broken. A reader that left, as `head` does, is no failure: oclif ends there. */
function lost({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  process.stderr.write(`Error: The output could not be written: ${message}\n`);
  process.exit(EXIT_IO);
}
