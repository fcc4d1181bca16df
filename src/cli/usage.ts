/** The errors that only the command line has. Small, since every command loads them. */
import { BgtaskError } from '../core/errors.ts';

/** What was typed cannot be meant. */
export class UsageError extends BgtaskError {
  override readonly name = 'UsageError';
  override readonly code = 'BGTASK_USAGE';
  override readonly suggestions: readonly string[];
  constructor(message: string, suggestions: readonly string[] = []) {
    super(message);
    this.suggestions = suggestions;
  }
}

/** Another process listens there already. */
export class PortTakenError extends BgtaskError {
  override readonly name = 'PortTakenError';
  override readonly code = 'BGTASK_PORT_TAKEN';
  override readonly suggestions: readonly string[];
  constructor(message: string, suggestions: readonly string[]) {
    super(message);
    this.suggestions = suggestions;
  }
}

/** A process that should have come up or gone away did not in time. */
export class NotInTimeError extends BgtaskError {
  override readonly name = 'NotInTimeError';
  override readonly code = 'BGTASK_NOT_IN_TIME';
  override readonly suggestions: readonly string[];
  constructor(message: string, suggestions: readonly string[] = []) {
    super(message);
    this.suggestions = suggestions;
  }
}

/** A process that was to run in the background left again. */
export class BackgroundError extends BgtaskError {
  override readonly name = 'BackgroundError';
  override readonly code = 'BGTASK_BACKGROUND';
  readonly exitCode: number;
  constructor(output: string, exitCode: number) {
    super(output.trim().replace(/^Error: /, '') || 'It ended without a word.');
    this.exitCode = exitCode;
  }
}
