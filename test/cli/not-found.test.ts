import type { Config } from '@oclif/core/config';
import { captureOutput } from '@oclif/test';
import { describe, expect, test } from 'vitest';
import { commandNotFound } from '../../src/cli/not-found.ts';

const commands = ['server:start', 'server:stop', 'task:ls', 'task:run', 'run:inspect', 'dev', 'worker:ls'].map((id) => ({
  id,
  hidden: false,
}));
const config = { commands } as unknown as Config;

async function ask(id: string, argv: string[] = []) {
  const hook = commandNotFound as unknown as (options: object) => Promise<void>;
  const { stdout, stderr, error } = await captureOutput(() => hook({ id, argv, config }));
  return { stdout, stderr, exit: (error as { oclif?: { exit: number } } | undefined)?.oclif?.exit };
}

describe('a command that is none', () => {
  test.each([
    ['server:strat', 'bgtask server start'],
    ['servr:start', 'bgtask server start'],
    ['tsk:ls', 'bgtask task ls'],
    ['dve:tasks.ts', 'bgtask dev'],
    ['run:inspct:some-id', 'bgtask run inspect'],
    ['tsk', 'bgtask task'],
    ['run:greet', 'bgtask task run'],
    ['stop', 'bgtask server stop'],
    ['start:now', 'bgtask server start'],
  ])('%s is answered with what was meant: %s', async (id, meant) => {
    const { stdout, stderr, exit } = await ask(id);
    expect({ stdout, exit }).toEqual({ stdout: '', exit: 2 });
    expect(stderr).toContain(`→ Did you mean: ${meant}\n`);
    expect(stderr).toContain('→ All commands: bgtask --help\n');
  });

  test('and lacks its topic is answered with all that have such a command', async () => {
    const { stderr } = await ask('ls');
    expect(stderr).toContain('→ Did you mean: bgtask task ls\n  → Did you mean: bgtask worker ls\n');
  });

  test('and like none gets no guess', async () => {
    expect((await ask('frobnicate')).stderr).toBe('Error: There is no command "frobnicate".\n  → All commands: bgtask --help\n');
  });

  test('is an error in JSON with --json', async () => {
    const { stdout, stderr, exit } = await ask('tsk:ls', ['--json']);
    expect({ stderr, exit }).toEqual({ stderr: '', exit: 2 });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'BGTASK_USAGE', message: 'There is no command "tsk ls".' } });
  });
});
