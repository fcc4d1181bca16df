import { CLIError } from '@oclif/core/errors';
import { describe, expect, test } from 'vitest';
import { exitCodeOf, failureJson, failureOf, failureText } from '../../src/cli/errors.ts';
import { NotInTimeError, PortTakenError, UsageError } from '../../src/cli/usage.ts';
import {
  ConfigError,
  InvalidOptionError,
  RefusedError,
  RunNotFoundError,
  ServerUnreachableError,
  StoreError,
  UnauthorizedError,
  WaitTimeoutError,
} from '../../src/core/errors.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code, syscall: 'open', errno: -1 });
}

describe('exit codes', () => {
  test.each<[number, string, unknown]>([
    [1, 'an unknown run', new RunNotFoundError('x')],
    [1, 'a mistake of bgtask', new TypeError('x is not a function')],
    [1, 'anything that is thrown', 'text'],
    [2, 'usage', new UsageError('no')],
    [2, 'what oclif refuses', new CLIError('no')],
    [2, 'a wrong option', new InvalidOptionError('delay', 'x', 'a duration')],
    [2, 'a wrong setting that was typed', new ConfigError('no', 'flag')],
    [2, 'a request the server cannot read', new RefusedError(400, 'invalid_request', 'no')],
    [65, 'damage', new StoreError('damaged', 'no')],
    [69, 'no server', new ServerUnreachableError('http://x')],
    [69, 'something else than a bgtask server', new RefusedError(404, 'not_bgtask', 'no')],
    [73, 'unsafe permissions', new StoreError('unsafe', 'no')],
    [73, 'a file that is not ours to write', Object.assign(systemError('EACCES'), { path: '/srv/x' })],
    [74, 'a failed sync', new StoreError('failed', 'no')],
    [74, 'a full disk', systemError('ENOSPC')],
    [74, 'the server whose disk is full', new RefusedError(507, 'disk_full', 'no')],
    [75, 'a locked store', new StoreError('locked', 'no')],
    [75, 'a wait that ended first', new WaitTimeoutError('x', 10)],
    [75, 'a port that is taken', new PortTakenError('no', [])],
    [75, 'something not done in time', new NotInTimeError('no')],
    [75, 'a full queue', new RefusedError(429, 'queue_full', 'no')],
    [75, 'a server that stops', new RefusedError(503, 'draining', 'no')],
    [77, 'a wrong key', new UnauthorizedError('http://x')],
    [77, 'what we may not open', systemError('EACCES')],
    [78, 'a wrong environment', new ConfigError('no', 'env')],
    [78, 'a wrong profile', new ConfigError('no', 'profile')],
    [78, 'a store that is no store', new StoreError('url', 'no')],
  ])('%i: %s', (code, _what, error) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('the words', () => {
  test('of an error of bgtask are its own, with what helps', () => {
    const failure = failureOf(new ServerUnreachableError('http://127.0.0.1:4200/api'));
    expect(failureJson(failure)).toEqual({
      error: {
        code: 'BGTASK_SERVER_UNREACHABLE',
        message: 'No bgtask server answers at http://127.0.0.1:4200/api.',
        suggestions: failure.suggestions,
      },
    });
    expect(failureText(failure)).toContain('→ Start a server: bgtask server start');
  });

  test('say where the address of an absent server, or a wrong key, comes from, unless it is the default', () => {
    const error = new ServerUnreachableError('http://x/api');
    const toldBy = (source: 'env' | 'profile' | 'default', of: Error = error) =>
      failureOf(of, { settings: { sources: { API_URL: source, API_KEY: source }, profile: 'work' } }).suggestions.join();
    expect(toldBy('env')).toMatch(/The address comes from BGTASK_API_URL in the environment$/);
    expect(toldBy('profile')).toMatch(/The address comes from the profile work$/);
    expect(toldBy('default')).not.toContain('comes from');
    expect(toldBy('env', new UnauthorizedError('http://x'))).toMatch(/The key comes from BGTASK_API_KEY in the environment$/);
    expect(failureOf(error).suggestions.join()).not.toContain('comes from');
  });

  test('of a misspelt flag name the one that was meant', () => {
    const error = Object.assign(new CLIError('Nonexistent flags: --prot, --no-wacth=1\nSee more help with --help'), {
      flags: ['--prot', '--no-wacth=1'],
    });
    expect(failureOf(error, { commandId: 'server:start', flagNames: ['port', 'watch'] })).toMatchObject({
      code: 'BGTASK_USAGE',
      message: 'There are no flags --prot, --no-wacth=1.',
      suggestions: ['Did you mean --port?', 'Did you mean --watch?', 'More: bgtask server start --help'],
    });
  });

  test('of what was left out name it, and show how it is done', () => {
    const args = [
      { name: 'oldName', description: 'its name' },
      { name: 'newName', description: 'its new name' },
    ];
    const error = Object.assign(new CLIError('Missing 2 required args:\noldName  its name\nSee more help with --help'), { args });
    expect(failureOf(error, { commandId: 'profile:rename', example: 'bgtask profile rename a b' })).toMatchObject({
      exit: 2,
      message: 'OLDNAME is missing: its name.\nNEWNAME is missing: its new name.',
      suggestions: ['For example: bgtask profile rename a b', 'More: bgtask profile rename --help'],
    });
    const flag = new CLIError('The following error occurred:\n  \x1b[2mMissing required flag out\x1b[22m\nSee more help with --help');
    expect(failureOf(flag, { example: 'bgtask x' })).toMatchObject({
      message: '--out is missing.',
      suggestions: expect.arrayContaining(['For example: bgtask x']),
    });
  });

  test.each([
    ['Flag --port expects a value', '--port is without its value.'],
    ['Unexpected argument: b', 'Too many arguments: b.'],
    ['Nonexistent flag: --x', 'There is no flag --x.'],
    ['\x1b[2m--at=x cannot also be provided when using --delay\x1b[22m', '--at=x does not go with --delay.'],
    ['All of the following must be provided when using --on-conflict: --key', '--on-conflict goes with --key.'],
  ])('of what oclif refuses, %s, are ours: %s', (said, ours) => {
    expect(failureOf(new CLIError(`${said}\nSee more help with --help`)).message).toBe(ours);
  });

  test('of a flag that cannot be read begin with the flag', () => {
    const error = new CLIError('Parsing --port \n\texpected a whole number\nSee more help with --help');
    expect(failureOf(error).message).toBe('--port: expected a whole number');
  });

  test('about a flag whose value the environment says name the variable, and it is the configuration that is wrong', () => {
    const error = new CLIError('Parsing --port \n\texpected a whole number\nSee more help with --help');
    expect(failureOf(error, { variables: { port: 'BGTASK_PORT' } })).toMatchObject({
      exit: 78,
      code: 'BGTASK_CONFIG',
      message: 'BGTASK_PORT in the environment: expected a whole number',
    });
    expect(failureOf(error, { variables: { host: 'BGTASK_HOST' } })).toMatchObject({ exit: 2, code: 'BGTASK_USAGE' });
  });

  test('of a mistake of usage name the help of the command where they suggest nothing else', () => {
    expect(failureOf(new UsageError('no'), { commandId: 'run:rm' }).suggestions).toEqual(['More: bgtask run rm --help']);
    expect(failureOf(new UsageError('no', ['Do that']), { commandId: 'run:rm' }).suggestions).toEqual(['Do that']);
  });

  test('of our own mistake ask for a second look; the stack is shown where DEBUG asks for it', () => {
    const failure = failureOf(new TypeError('x is not a function'));
    expect(failure).toMatchObject({ code: 'BGTASK_UNEXPECTED', unexpected: true });
    expect(failureText(failure, 'at here')).toContain('DEBUG=bgtask');
    expect(failureText(failure, 'at here')).not.toContain('at here');
    process.env.DEBUG = 'bgtask';
    expect(failureText(failure, 'at here')).toContain('at here');
    delete process.env.DEBUG;
  });

  test('of a failing system call are the system’s', () => {
    expect(failureOf(systemError('EROFS'))).toMatchObject({ exit: 74, code: 'EROFS', unexpected: false });
  });

  test('cannot command the terminal', () => {
    expect(failureText(failureOf(new UsageError('\u001b]0;title\u0007\u009b2J')))).toContain('\\x1b]0;title\\x07\\x9b2J');
  });
});
