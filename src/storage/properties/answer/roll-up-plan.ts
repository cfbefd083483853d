import type { Period } from "../../../model/time/calendar";
import type { Micros } from "../../../model/time/time";
import { DAY_MICROS, HOUR_MICROS, hourOf } from "../../../model/time/units";
import { PARTS_OF_HOUR } from "../value-counts";

/** A part of a query's period that lies in one stored bucket and in one bucket of the answer. */
export interface Piece extends Period {
  /** The stored bucket's start, in seconds since 1970. */
  bucket: number;
  /** Which quarters of an hour; null for the whole bucket. */
  parts: number[] | null;
}

export interface PiecePlan {
  days: Piece[];
  /** Whole hours, and quarters of hours. */
  hours: Piece[];
  /** Periods that start or end within a quarter, for which only the events give the numbers. */
  edges: Period[];
}

const QUARTER: Micros = HOUR_MICROS / PARTS_OF_HOUR;

/** @param bounds the starts of the buckets and the end of the last one, ascending */
export function planPieces(bounds: readonly Micros[]): PiecePlan {
  const plan: PiecePlan = { days: [], hours: [], edges: [] };
  for (let place = 0; place + 1 < bounds.length; place++) {
    const end = bounds[place + 1] ?? 0;
    for (let start = bounds[place] ?? 0; start < end; ) {
      const width = [DAY_MICROS, HOUR_MICROS, QUARTER].find((own) => start % own === 0 && start + own <= end);
      const next = width === undefined ? Math.min(end, (Math.floor(start / QUARTER) + 1) * QUARTER) : start + width;
      if (width === undefined) plan.edges.push({ start, end: next });
      else if (width === DAY_MICROS) plan.days.push({ bucket: start / 1_000_000, start, end: next, parts: null });
      else {
        const bucket = hourOf(start);
        const parts = width === HOUR_MICROS ? null : [Math.floor(start / QUARTER) % PARTS_OF_HOUR];
        plan.hours.push({ bucket, start, end: next, parts });
      }
      start = next;
    }
  }
  return plan;
}

/**
 * Stored buckets that together have the events of one bucket of an answer that does not begin or end at midnight UTC: days,
 * and the hours by which they differ from it.
 */
export interface DayPlan {
  days: Piece[];
  /** Hours and quarters to add. */
  more: Piece[];
  /** Hours and quarters of these days to subtract. */
  less: Piece[];
}

/** Null unless these are fewer than the stored buckets that lie within the period. Adjacent periods share their hours. */
export function planDays({ start, end }: Period): DayPlan | null {
  const [from, to] = [midnightNear(start), midnightNear(end)];
  const within = planPieces([start, end]);
  if (to <= from || within.edges.length > 0) return null;
  const hoursIn = (low: Micros, high: Micros) => (low < high ? planPieces([low, high]).hours : []);
  const plan = {
    days: planPieces([from, to]).days,
    more: [...hoursIn(start, from), ...hoursIn(to, end)],
    less: [...hoursIn(from, start), ...hoursIn(end, to)],
  };
  const size = plan.days.length + plan.more.length + plan.less.length;
  return size < within.days.length + within.hours.length ? plan : null;
}

function midnightNear(moment: Micros): Micros {
  return Math.round(moment / DAY_MICROS) * DAY_MICROS;
}
