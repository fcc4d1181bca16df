#!/usr/bin/env node
import { readFileSync } from 'node:fs';

if (process.argv[2] === '--version' || process.argv[2] === '-v') {
  // Known without loading anything.
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  console.log(`${name} ${version}`);
} else {
  const [{ execute }, { settings }] = await Promise.all([import('@oclif/core/execute'), import('@oclif/core/settings')]);
  settings.enableAutoTranspile = false; // else oclif looks for TypeScript where NODE_ENV says development or test
  await execute({ dir: import.meta.url });
}
