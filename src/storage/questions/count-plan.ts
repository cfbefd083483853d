import type { Period } from "../../model/time/calendar";
import type { Micros } from "../../model/time/time";
import { DAY_MICROS, DAY_SECONDS, HOUR_MICROS, HOUR_SECONDS, MINUTE_MICROS } from "../../model/time/units";
import type { BucketSpans, Span } from "../counts/count-tables";

/** Which counts add up to the events of some buckets. */
export interface CountPlan {
  /** By day, hour and minute. Widths without counts are left out. */
  counts: BucketSpans[];
  /** Periods that start or end within a minute, for which only the events give the numbers. */
  edges: Period[];
  /** Rows of counts, for each 256 dimension keys. */
  rows: number;
}

/** Of stored counts, in seconds. */
const WIDTHS = [DAY_SECONDS, HOUR_SECONDS, 60] as const;

/**
 * The fewest counts that each lie within one bucket: days and hours of UTC if they fit, and minutes at the
 * boundaries.
 *
 * @param bounds the starts of the buckets and the end of the last one, ascending
 */
export function planCounts(bounds: readonly Micros[]): CountPlan {
  const spans = new Map<number, [first: number, last: number][]>(WIDTHS.map((width) => [width, []]));
  const edges: Period[] = [];
  let rows = 0;
  for (let place = 0; place + 1 < bounds.length; place++) {
    const [start, end] = [bounds[place] ?? 0, bounds[place + 1] ?? 0];
    for (let at = start; at < end; ) {
      const width = WIDTHS.find((seconds) => at % (seconds * 1_000_000) === 0 && at + seconds * 1_000_000 <= end);
      if (width === undefined) {
        const edge = Math.min(end, (Math.floor(at / MINUTE_MICROS) + 1) * MINUTE_MICROS);
        edges.push({ start: at, end: edge });
        at = edge;
        continue;
      }
      // Whole runs at a time: a year has half a million minutes.
      const run = width === DAY_SECONDS ? end : Math.min(end, nextMultiple(at, width));
      const count = Math.floor((run - at) / (width * 1_000_000));
      const first = at / 1_000_000;
      addSpan(spans.get(width) ?? [], [first, first + (count - 1) * width], width);
      rows += count;
      at += count * width * 1_000_000;
    }
  }
  const counts = [...spans].flatMap(([seconds, own]) => (own.length === 0 ? [] : [{ seconds, spans: own }]));
  return { counts, edges, rows };
}

/** The next time at which a wider count could start. */
function nextMultiple(at: Micros, width: number): Micros {
  const wider = width === 60 ? HOUR_MICROS : DAY_MICROS;
  return (Math.floor(at / wider) + 1) * wider;
}

function addSpan(spans: [first: number, last: number][], [first, last]: Span, width: number): void {
  const before = spans.at(-1);
  if (before !== undefined && before[1] + width === first) before[1] = last;
  else spans.push([first, last]);
}
