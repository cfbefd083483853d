/** First and last time, inclusive, both ISO 8601 in UTC with six decimals, which sort as text. */
export interface TimeRange {
  from: string;
  to: string;
}

const GAP_MS = 10 * 60_000;
const MAX_RANGES = 20;

/**
 * The time ranges that contain the given times. Several are used so that a query does not span years of other events because
 * of one line with a wrong clock. There are at most twenty: the gap that separates two ranges grows until that is reached.
 */
export function timeRanges(moments: Iterable<string>): TimeRange[] {
  const sorted = [...moments].sort();
  for (let gap = GAP_MS; ; gap *= 4) {
    const ranges = cut(sorted, gap);
    if (ranges.length <= MAX_RANGES) return ranges;
  }
}

function cut(sorted: readonly string[], gapMs: number): TimeRange[] {
  const ranges: TimeRange[] = [];
  for (const moment of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && Date.parse(moment) - Date.parse(last.to) <= gapMs) last.to = moment;
    else ranges.push({ from: moment, to: moment });
  }
  return ranges;
}
