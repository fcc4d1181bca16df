import { boolean, string } from '@oclif/core/flags';
import { describe, expect, test } from 'vitest';
import { ApiCommand, BgtaskCommand } from '../../src/cli/command.ts';
import { settingFlag, withEnv } from '../../src/cli/flags.ts';
import { UsageError } from '../../src/cli/usage.ts';
import type { Settings } from '../../src/config/config.ts';
import { ServerUnreachableError } from '../../src/core/errors.ts';
import { bgtask } from '../helpers/cli.ts';

const closed: string[] = [];
class Sample extends ApiCommand {
  static override flags = withEnv('SAMPLE', {
    limit: settingFlag('LIMIT', { helpValue: 'N' }),
    fail: string(),
    leave: boolean(),
    overrides: boolean(),
  });
  async run(): Promise<unknown> {
    const { flags } = await this.parse(Sample);
    this.atEnd(async () => void closed.push('first'));
    this.atEnd(async () => void closed.push('second'));
    if (flags.overrides) return this.overrides(flags);
    const settings = this.settings(flags);
    if (flags.fail === 'usage') throw new UsageError('\u001b[2Jno', ['Do that']);
    if (flags.fail === 'server') throw new ServerUnreachableError(settings.apiUrl);
    if (flags.fail === 'bug') throw new TypeError('x is not a function');
    if (flags.leave) this.exit(7);
    if (flags.fail === 'never') {
      this.note('a\u001b[2Jnote');
      this.log('\u001b]0;x\u0007');
    }
    this.note('a note');
    this.log('data');
    return { limit: settings.limit } satisfies Partial<Settings>;
  }
}
class Other extends BgtaskCommand {
  static override flags = withEnv('OTHER', { limit: string() });
  async run(): Promise<unknown> {
    return this.overrides((await this.parse(Other)).flags);
  }
}

describe('what a command prints', () => {
  test('is data on stdout and messages on stderr', async () => {
    expect(await bgtask(Sample, [])).toMatchObject({ stdout: 'data\n', stderr: 'a note\n', exit: 0 });
  });

  test('commands no terminal, whatever a field brought along', async () => {
    const { stdout, stderr } = await bgtask(Sample, ['--fail', 'never']);
    expect([stdout, stderr]).toEqual(['\\x1b]0;x\\x07\ndata\n', 'a\\x1b[2Jnote\na note\n']);
  });

  test('is one JSON value and nothing else with --json, or BGTASK_JSON', async () => {
    expect(await bgtask(Sample, ['--json'])).toMatchObject({ stdout: '{\n  "limit": 10\n}\n', stderr: '', exit: 0 });
    expect((await bgtask(Sample, [], { BGTASK_JSON: 'true' })).json()).toEqual({ limit: 10 });
    expect((await bgtask(Sample, [], { BGTASK_JSON: 'false' })).stdout).toBe('data\n');
  });
});

describe('how a command fails', () => {
  test('with its exit code, in words, with what helps; nothing commands the terminal', async () => {
    expect(await bgtask(Sample, ['--fail', 'usage'])).toMatchObject({ exit: 2, stdout: '', stderr: 'Error: \\x1b[2Jno\n  → Do that\n' });
  });

  test('as JSON with the same exit code', async () => {
    const output = await bgtask(Sample, ['--fail', 'server', '--json']);
    expect(output).toMatchObject({ exit: 69, stderr: '' });
    expect(output.json()).toMatchObject({ error: { code: 'BGTASK_SERVER_UNREACHABLE', suggestions: expect.any(Array) } });
  });

  test('without a stack, also where the mistake is ours', async () => {
    const { exit, stderr } = await bgtask(Sample, ['--fail', 'bug']);
    expect(exit).toBe(1);
    expect(stderr).toBe('Unexpected error: x is not a function\n  Run it again with DEBUG=bgtask to see where.\n');
  });

  test('quietly where it has said what there was to say', async () => {
    expect(await bgtask(Sample, ['--leave', '--json'])).toMatchObject({ exit: 7, stdout: '', stderr: '' });
  });

  test('and lets go of what it held, last first, also then', async () => {
    closed.length = 0;
    await bgtask(Sample, ['--fail', 'usage']);
    expect(closed).toEqual(['second', 'first']);
  });
});

describe('what flags say about settings', () => {
  test('is told apart from what the environment says', async () => {
    expect((await bgtask(Sample, ['--overrides', '--json', '--limit', '5'], { BGTASK_LIMIT: '7' })).json()).toEqual({ LIMIT: '5' });
    expect((await bgtask(Sample, ['--overrides', '--json'], { BGTASK_LIMIT: '7', BGTASK_API_URL: 'http://x' })).json()).toEqual({});
    expect((await bgtask(Sample, ['--overrides', '--json', '--api-url', 'http://x'])).json()).toEqual({ API_URL: 'http://x' });
  });

  test('is said only by the flag of that setting, not by one that has its name', async () => {
    expect((await bgtask(Other, ['--limit', '5', '--json'])).json()).toEqual({});
  });
});
