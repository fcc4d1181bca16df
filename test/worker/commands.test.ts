import { afterEach, describe, expect, test, vi } from 'vitest';
import { fileCommand, scriptCommand, tsconfigFor } from '../../src/worker/commands.ts';
import { CHILD_ENV } from '../../src/worker/ipc.ts';
import { aProject } from './projects.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('a child', () => {
  test('that loads files has its lifeline before anything else of bgtask', () => {
    const { args, env } = fileCommand(null);
    expect(args.at(-1)).toMatch(/src\/worker\/child\.ts$/);
    expect(args.slice(-3, -1)).toEqual(['--import', expect.stringMatching(/^file:.*\/lifeline\.ts$/)]);
    expect(env).toEqual({ [CHILD_ENV]: '0' });
  });

  test('of a script runs the same script with the same flags and arguments, but no debugger', () => {
    const flags = ['--inspect=0', '--max-old-space-size=64', '--watch-path=.', '--enable-source-maps'];
    vi.spyOn(process, 'execArgv', 'get').mockReturnValue(flags);
    vi.spyOn(process, 'argv', 'get').mockReturnValue(['node', '/app/tasks.js', '--port', '1']);
    const { args, env } = scriptCommand(3);
    expect(args.slice(0, 2)).toEqual(['--max-old-space-size=64', '--enable-source-maps']);
    expect(args.slice(-3)).toEqual(['/app/tasks.js', '--port', '1']);
    expect(args.at(-4)).toMatch(/lifeline\.ts$/);
    expect(env).toEqual({ [CHILD_ENV]: '3' });
  });

  test.each([
    [['-e', 'code'], ['node']],
    [
      ['--eval', 'code'],
      ['node', 'an argument'],
    ],
    [[], ['node', '-']],
  ])('of code that is no file cannot be: %j %j', (flags, argv) => {
    vi.spyOn(process, 'execArgv', 'get').mockReturnValue(flags);
    vi.spyOn(process, 'argv', 'get').mockReturnValue(argv);
    expect(() => scriptCommand(1)).toThrow(/no script file/);
  });
});

describe('the tsconfig.json', () => {
  test('is the nearest one above the first file', () => {
    const project = aProject({ 'tsconfig.json': '{}', 'app/tsconfig.json': '{}', 'app/src/tasks.ts': '', 'other/tasks.ts': '' });
    expect(tsconfigFor([project.path('app/src/tasks.ts'), project.path('other/tasks.ts')])).toBe(project.path('app/tsconfig.json'));
    expect(tsconfigFor([project.path('other/tasks.ts')])).toBe(project.path('tsconfig.json'));
  });

  test('is left to tsx where the environment names one', () => {
    const project = aProject({ 'tsconfig.json': '{}', 'tasks.ts': '' });
    vi.stubEnv('TSX_TSCONFIG_PATH', '/elsewhere/tsconfig.json');
    expect(tsconfigFor([project.path('tasks.ts')])).toBeNull();
  });
});
