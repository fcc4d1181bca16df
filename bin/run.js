#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
if (process.argv[2] === '--version' || process.argv[2] === '-v') {
  // Known without loading anything.
  const { name, version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  console.log(`${name} ${version}`);
} else {
  const { main } = await import('../dist/src/cli/main.js');
  await main(fileURLToPath(root));
}
