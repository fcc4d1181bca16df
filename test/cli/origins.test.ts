import { describe, expect, test } from 'vitest';
import { checkSwitches, nameVariables, namingFlags, variablesOf } from '../../src/cli/origins.ts';
import { ConfigError } from '../../src/core/errors.ts';

const flags = {
  port: { type: 'option', env: 'BGTASK_PORT' },
  'no-auth': { type: 'boolean', env: 'BGTASK_NO_AUTH' },
  yes: { type: 'boolean', env: 'BGTASK_YES', char: 'y' },
  bare: { type: 'option' },
};

describe('a value comes from the environment', () => {
  test('where its flag was not typed, in whichever form', () => {
    const env = { BGTASK_PORT: '1', BGTASK_YES: '1' };
    expect(variablesOf(flags, [], env)).toEqual({ port: 'BGTASK_PORT', yes: 'BGTASK_YES' });
    expect(variablesOf(flags, ['--port', '2', '-y'], env)).toEqual({});
    expect(variablesOf(flags, ['--port=2', '--yes'], env)).toEqual({});
    expect(variablesOf(flags, ['--', '--port=2', '-y'], env)).toEqual({ port: 'BGTASK_PORT', yes: 'BGTASK_YES' });
  });

  test('only where the variable says something', () => {
    expect(variablesOf(flags, [], { BGTASK_PORT: '' })).toEqual({});
  });
});

describe('an error about a flag', () => {
  test('names the variable its value came from, and no other flag', () => {
    const variables = { port: 'BGTASK_PORT' };
    expect(nameVariables('--port: no', variables)).toBe('BGTASK_PORT in the environment: no');
    expect(nameVariables('Expected --port=x to be one of 1, 2', variables)).toBe(
      'Expected BGTASK_PORT=x in the environment to be one of 1, 2',
    );
    expect(nameVariables('--ports, --port-2 and --host', variables)).toBe('--ports, --port-2 and --host');
  });

  test('that says a setting names the flag; other errors stay as they are', () => {
    const thrown = (error: unknown): unknown => {
      try {
        return namingFlags(() => {
          throw error;
        });
      } catch (caught) {
        return caught;
      }
    };
    expect(thrown(new ConfigError('LOG_LEVEL is "x": no.', 'flag', ['a']))).toMatchObject({
      message: '--log-level is "x": no.',
      source: 'flag',
      suggestions: ['a'],
    });
    for (const error of [
      new ConfigError('LIMIT is "x"', 'env'),
      new ConfigError('There is no profile "x".', 'flag'),
      new Error('LIMIT is'),
    ])
      expect(thrown(error)).toBe(error);
    expect(namingFlags(() => 1)).toBe(1);
  });
});

test('a variable of a flag without a value says yes or no, or is refused', () => {
  for (const text of ['1', '0', 'true', 'FALSE', 'yes', 'n', '']) checkSwitches(flags, { BGTASK_NO_AUTH: text });
  checkSwitches(flags, { BGTASK_PORT: 'maybe' });
  expect(() => checkSwitches(flags, { BGTASK_NO_AUTH: 'maybe' })).toThrow(
    'BGTASK_NO_AUTH in the environment is "maybe": expected true or false.',
  );
});
