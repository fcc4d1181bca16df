/** Folders with a user's files, made for one test. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What a file imports `task` from. */
export const TASK = new URL('../fixtures/worker/task.ts', import.meta.url).href;

export interface Project {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string): void;
}

/** `files` by name; `task` stands for the import of it. */
export function aProject(files: Record<string, string>): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bgtask project ')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const project: Project = {
    folder,
    path: (name) => join(folder, name),
    write: (name, text) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text.replace('import task;', `import { task } from ${JSON.stringify(TASK)};`));
    },
  };
  for (const [name, text] of Object.entries(files)) project.write(name, text);
  return project;
}
