/** examples/05-ask-an-llm in containers: the services of its compose file run as plain processes. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testContainers } from '../helpers/containers.ts';
import { readPage, stepsOf } from '../helpers/pages.ts';
import { Services } from '../helpers/services.ts';
import { root, Shell } from '../helpers/shell.ts';

const EXAMPLE = 'examples/05-ask-an-llm';
const README = readPage(`${EXAMPLE}/README.md`);
const ASK = 'npx tsx ask.ts "What is the meaning of life?"';
/** One attempt in five fails on purpose, so a run may need some seconds. */
const TIMEOUT_MS = 120_000;

let shell: Shell;
let folder: string;
beforeEach(async () => {
  shell = await Shell.open();
  // A copy, so that no settings of the person who tests are read.
  folder = join(shell.home, 'ask-an-llm');
  cpSync(join(root, EXAMPLE), folder, { recursive: true, filter: (path) => !path.endsWith('.openai.env') });
  const lines = stepsOf(README).flatMap((step) => (step.do === 'run' && step.line.includes('secrets') ? [step.line] : []));
  expect(lines).toHaveLength(2);
  for (const line of lines) await shell.done(line);
});
afterEach(async () => {
  await shell.close();
});

async function startAll(compose: Services): Promise<void> {
  for (const name of compose.all.keys()) compose.start(name);
  await Promise.all([...compose.all.keys()].map((name) => compose.untilHealthy(name)));
}

async function ask(compose: Services): Promise<{ code: number | null; stdout: string; stderr: string }> {
  expect(README).toContain(ASK);
  shell.setEnv('PORT', String(compose.port('api')));
  return await shell.run(ASK, folder);
}

describe('the services of compose.yaml', () => {
  test('answer a question without a key of OpenAI', { timeout: TIMEOUT_MS }, async () => {
    const compose = await Services.open(shell, join(folder, 'compose.yaml'));
    await startAll(compose);
    const { code, stdout } = await ask(compose);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\nCompleted!\nForty-two\.\nThe question to it/)]);
  });

  test('ask the model of the file that OPENAI_ENV names, with its key', { timeout: TIMEOUT_MS }, async () => {
    writeFileSync(join(folder, '.openai.env'), 'OPENAI_API_KEY=wrong\nOPENAI_BASE_URL=http://model:8080/v1\n');
    const compose = await Services.open(shell, join(folder, 'compose.yaml'), { OPENAI_ENV: '.openai.env' });
    expect(README).toContain('OPENAI_ENV=.openai.env docker compose up');
    await startAll(compose);
    const { code, stderr } = await ask(compose);
    expect([code, stderr]).toEqual([1, expect.stringContaining('401 Incorrect API key')]);
  });

  test('tell the key of OpenAI to the workers alone, and that of bgtask to all but the model', async () => {
    const { all } = await Services.open(shell, join(folder, 'compose.yaml'));
    const services = [...all];
    expect(services.flatMap(([name, { env_file }]) => (env_file === undefined ? [] : [name]))).toEqual(['worker']);
    expect(services.flatMap(([name, { secrets }]) => (secrets === undefined ? [name] : []))).toEqual(['model']);
    expect(all.get('worker')?.deploy).toEqual({ replicas: 2 });
  });
});

testContainers(EXAMPLE);
