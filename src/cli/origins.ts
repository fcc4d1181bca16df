/** Where the values of flags came from, so that an error names what its reader can change: a flag that was typed, or a variable. */
import { ConfigError } from '../core/errors.ts';

/** As far as it matters here, a flag as oclif knows it. */
export interface FlagDefinition {
  readonly type?: string;
  readonly env?: string;
  readonly char?: string;
}
export type FlagDefinitions = Readonly<Record<string, FlagDefinition>>;
/** The variable of each flag whose value comes from the environment. */
export type Variables = Readonly<Record<string, string>>;

/** Of the flags that were not typed, those that the environment says. An empty variable is as none. */
export function variablesOf(flags: FlagDefinitions, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Variables {
  const end = argv.indexOf('--');
  const typed = end < 0 ? argv : argv.slice(0, end);
  const isTyped = (name: string, char?: string): boolean =>
    typed.some((word) => word === `--${name}` || word.startsWith(`--${name}=`) || (char !== undefined && word.startsWith(`-${char}`)));
  const said = Object.entries(flags).filter(([name, flag]) => flag.env !== undefined && env[flag.env] && !isTyped(name, flag.char));
  return Object.fromEntries(said.map(([name, flag]) => [name, flag.env as string]));
}

/** What is said of a flag as said of the variable its value came from: `--port: no` becomes `BGTASK_PORT in the environment: no`. */
export function nameVariables(message: string, variables: Variables): string {
  return Object.entries(variables).reduce(
    (text, [name, variable]) =>
      text.replace(new RegExp(`--${name}(=\\S+)?(?![\\w-])`, 'g'), (_, value = '') => `${variable}${value} in the environment`),
    message,
  );
}

/** What `read` throws about a setting that a flag gave, said of that flag: `LIMIT is "x"` becomes `--limit is "x"`. */
export function namingFlags<Read>(read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    const key = error instanceof ConfigError && error.source === 'flag' ? /^([A-Z_]+) is /.exec(error.message)?.[1] : undefined;
    if (key === undefined) throw error;
    const { message, suggestions } = error as ConfigError;
    throw new ConfigError(message.replace(key, `--${key.toLowerCase().replaceAll('_', '-')}`), 'flag', suggestions);
  }
}

const YES_OR_NO = /^(1|0|true|false|yes|no|y|n)$/i;

/** Flags without a value take yes or no from their variable. @throws {ConfigError} It says neither. */
export function checkSwitches(flags: FlagDefinitions, env: NodeJS.ProcessEnv = process.env): void {
  for (const { type, env: variable } of Object.values(flags)) {
    const text = type === 'boolean' && variable !== undefined ? env[variable] : undefined;
    if (text && !YES_OR_NO.test(text)) {
      throw new ConfigError(`${variable} in the environment is ${JSON.stringify(text)}: expected true or false.`, 'env');
    }
  }
}
