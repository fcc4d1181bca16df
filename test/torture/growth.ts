/** Whether something keeps growing, from looks at it over time. Pure. */

export interface Look {
  readonly atMs: number;
  readonly value: number;
}

const MINUTE_MS = 60_000;

/** By how much it grows a minute: the median of the slopes between any two looks, which a few peaks do not move. Less than two: 0. */
export function growthPerMinute(looks: readonly Look[]): number {
  const slopes: number[] = [];
  for (const [index, a] of looks.entries()) {
    for (const b of looks.slice(index + 1)) slopes.push(((b.value - a.value) / (b.atMs - a.atMs)) * MINUTE_MS);
  }
  return slopes.sort((a, b) => a - b)[slopes.length >> 1] ?? 0;
}
