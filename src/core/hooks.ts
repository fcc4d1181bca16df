/** The hooks of tasks: their names, and which move of a run calls which. */
import type { Run } from './run.ts';

export const HOOK_NAMES = ['onRunning', 'onCompleted', 'onFailed', 'onCrashed', 'onCancelled', 'onExpired', 'onRetrying'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

/** The hook that tells of the newest move of `run`; null: none does. */
export function hookOf(run: Run): HookName | null {
  switch (run.state) {
    case 'SCHEDULED':
      return run.stateName === 'AwaitingRetry' ? 'onRetrying' : null;
    case 'RUNNING':
      return 'onRunning';
    case 'COMPLETED':
      return 'onCompleted';
    case 'FAILED':
      return 'onFailed';
    case 'CRASHED':
      return 'onCrashed';
    case 'CANCELLED':
      return 'onCancelled';
    case 'EXPIRED':
      return 'onExpired';
    default:
      return null;
  }
}
