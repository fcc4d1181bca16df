/** How a length of time is said. A type on the ground, so that errors may carry one. */
type Part = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;
/** Milliseconds, or text such as '10s', '5m', '1h30m'. */
export type Duration = number | Part | `${Part}${Part}` | `${Part}${Part}${Part}`;
