#!/usr/bin/env node
// The same as run.js from the sources: no build, no manifest. A few times slower to start.
import { readFileSync } from 'node:fs';
import { register as registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Plugin } from '@oclif/core';
import { register } from 'tsx/esm/api';

register();
const root = fileURLToPath(new URL('..', import.meta.url));
const viewer = pathToFileURL(`${root}src/tui/app.tsx`).href;
const resolve = `export const resolve = (name, context, next) => next(name === '#tui' ? ${JSON.stringify(viewer)} : name, context);`;
registerHooks(`data:text/javascript,${encodeURIComponent(resolve)}`);

const text = readFileSync(`${root}package.json`, 'utf8');
const pjson = JSON.parse(text.replaceAll('./dist/commands', './commands').replaceAll(/\.\/dist\/(src\/cli\/[^"]+)\.js"/g, './$1.ts"'));
const own = new Plugin({ isRoot: true, root, pjson, ignoreManifest: true });
await own.load();
const { main } = await import('../src/cli/main.ts');
await main(root, new Map([[own.name, own]]));
