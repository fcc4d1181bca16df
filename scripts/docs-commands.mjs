// Writes docs/commands.md: every command as its own --help tells it. Build first.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const AT_ONCE = 2;
const { commands } = JSON.parse(readFileSync(`${root}oclif.manifest.json`, 'utf8'));
const names = Object.values(commands)
  .filter(({ hidden }) => !hidden)
  .map(({ id }) => id.replaceAll(':', ' '))
  .sort();

async function helpOf(name) {
  // Defaults as they are where nothing is set. oclif knows no width but that of a terminal, or this.
  const { BGTASK_HOME, XDG_DATA_HOME, ...kept } = process.env;
  const env = { ...kept, NO_COLOR: '1', OCLIF_COLUMNS: '100' };
  const { stdout } = await promisify(execFile)(process.execPath, [`${root}bin/run.js`, ...name.split(' '), '--help'], { env });
  return stdout.trim();
}

const pages = new Map();
const left = [...names];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) pages.set(name, await helpOf(name));
  }),
);
const list = names.map((name) => `- [\`bgtask ${name}\`](#bgtask-${name.replaceAll(' ', '-')})`).join('\n');
const sections = names.map((name) => `## bgtask ${name}\n\n\`\`\`text\n${pages.get(name)}\n\`\`\``).join('\n\n');
writeFileSync(
  `${root}docs/commands.md`,
  `# Commands\n\nAs \`bgtask COMMAND --help\` prints them; made by \`npm run docs:commands\`.\n\n${list}\n\n${sections}\n`,
);
