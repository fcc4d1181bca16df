import { stripVTControlCharacters } from 'node:util';
import { Config } from '@oclif/core/config';
import type { Help } from '@oclif/core/help';
import { describe, expect, test, vi } from 'vitest';
import ServerStart from '../../commands/server/start.ts';
import TaskRun from '../../commands/task/run.ts';
import { devFlags } from '../../src/cli/dev.ts';
import { BgtaskHelp, CommandPage } from '../../src/cli/help.ts';
import { ROOT } from '../helpers/cli.ts';

type Loadable = Parameters<Help['command']>[0];

const config = await Config.load({ root: ROOT, pjson: { name: 'bgtask', version: '0', oclif: { bin: 'bgtask', topicSeparator: ' ' } } });

/** The page of a command in a terminal of so many columns. */
function page(command: typeof ServerStart | typeof TaskRun, id: string, maxWidth: number): string {
  const { flags, baseFlags, args, summary, description, examples } = command;
  const shown = { id, flags: named({ ...baseFlags, ...flags }), args: named(args), summary, description, examples } as unknown as Loadable;
  return stripVTControlCharacters(new CommandPage(shown, config, { maxWidth }).generate());
}

/** As they stand in the manifest. */
function named(parts: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, { ...part, name }]));
}

function section(text: string, title: string): string {
  return text.split(`${title}\n`)[1]?.split('\n\n')[0] ?? '';
}

describe('a usage line', () => {
  test('breaks between its parts, never inside one, and ends in the flags of every command', () => {
    expect(section(page(ServerStart, 'server start', 80), 'USAGE').split('\n')).toEqual([
      '  $ bgtask server start [--host HOST] [--port PORT] [--store URL]',
      '      [--durability durable|relaxed] [--keep-completed AGE,COUNT]',
      '      [--keep-failed AGE,COUNT] [--limits NAME=VALUE,…] [--allow-host NAME...]',
      '      [--no-auth] [--break-lock] [--background] [--json] [--profile NAME]',
    ]);
  });

  test.each([40, 60, 80, 120])('keeps flags that belong together on one line of %i columns', (columns) => {
    const usage = section(page(TaskRun, 'task run', columns), 'USAGE').split('\n');
    expect(usage.filter((line) => line.length > columns)).toEqual([]);
    for (const whole of ['[--delay DURATION | --at TIME]', '[--on-conflict WHAT --key KEY]', '[--json]', '[--api-url URL]']) {
      expect(usage.filter((line) => line.includes(whole))).toHaveLength(1);
    }
  });
});

describe('what is said of a flag', () => {
  test('is first what it does, then its default and its variable', () => {
    expect(page(ServerStart, 'server start', 120)).toMatch(
      /--port=PORT +port to listen on; 0 picks a free one \[default: 4200, env: BGTASK_PORT\]/,
    );
  });

  test.each([60, 80])('fits into %i columns, its variable on one line', (columns) => {
    const lines = page(ServerStart, 'server start', columns).split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines.filter((line) => /(env|default):$/.test(line))).toEqual([]);
  });
});

test('the summary, which stands above the page, is not said again', () => {
  expect(page(ServerStart, 'server start', 80)).not.toContain(ServerStart.summary);
});

test('a command that is none is answered as where it is typed', async () => {
  const asked = vi.spyOn(config, 'runHook');
  await expect(new BgtaskHelp(config).showHelp(['srver'])).rejects.toThrow('Command srver not found.');
  expect(asked).toHaveBeenCalledWith('command_not_found', { id: 'srver', argv: ['srver'] });
  asked.mockRestore();
});

test('the help of the program shows pages of this kind', () => {
  expect(new BgtaskHelp(config)).toHaveProperty('CommandHelpClass', CommandPage);
});

test('a server tells where it keeps its runs by default, and `dev` another place', async () => {
  expect(await (ServerStart.flags.store.defaultHelp as () => Promise<string>)()).toMatch(/^file:.*store$/);
  expect(await (devFlags.store.defaultHelp as () => Promise<string>)()).toBe('file:./.bgtask/store');
});
