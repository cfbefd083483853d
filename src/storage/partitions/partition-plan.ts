import type { Micros } from "../../model/time/time";
import { HOUR_MICROS } from "../../model/time/units";
import { DEFAULT_SLOT_MICROS, NARROW_SLOT_MICROS } from "./partition";

/** Events of one partition in one database. Dropping this many blocks every reader for about a second. */
export const MAX_PLANNED_EVENTS = 10_000_000;

/**
 * Widths of regular partitions, each a multiple of the one before. A quiet service has partitions of four weeks,
 * thirteen a year; a busy one has partitions of hours.
 */
const WIDTHS: readonly Micros[] = [
  HOUR_MICROS,
  6 * HOUR_MICROS,
  24 * HOUR_MICROS,
  7 * 24 * HOUR_MICROS,
  28 * 24 * HOUR_MICROS,
];

/** Used if no traffic is known. */
const FIRST_WIDTH = 24 * HOUR_MICROS;

/** Above this rate in one database, slots of 4 seconds hold too many events to be sorted for a page. */
const NARROW_FROM_EVENTS_PER_SECOND = 1_000;

/** The traffic of the last day. */
export interface RecentTraffic {
  events: number;
  /** How many databases will share the partition. */
  databases: number;
}

/**
 * The width of the next partition: the widest that keeps it below MAX_PLANNED_EVENTS for each database at the recent
 * rate.
 */
export function plannedWidth({ events, databases }: RecentTraffic): Micros {
  if (events === 0) return FIRST_WIDTH;
  const eventsPerHour = events / 24;
  const fitting = WIDTHS.filter((width) => (eventsPerHour * width) / HOUR_MICROS <= MAX_PLANNED_EVENTS * databases);
  return fitting.at(-1) ?? HOUR_MICROS;
}

export function plannedSlot({ events, databases }: RecentTraffic): Micros {
  const perSecond = events / 86_400 / databases;
  return perSecond > NARROW_FROM_EVENTS_PER_SECOND ? NARROW_SLOT_MICROS : DEFAULT_SLOT_MICROS;
}

export interface Range {
  from: Micros;
  to: Micros;
}

/**
 * The range of a partition that should cover a given time, before it is limited by its neighbours.
 *
 * Times from the range of `now` on get a regular partition. Earlier times (imports, wrong clocks) get a coarse one,
 * the calendar year, so that nobody can create many of them.
 */
export function rangeFor(moment: Micros, now: Micros, width: Micros): Range {
  const start = Math.floor(moment / width) * width;
  if (start + width > now) return { from: start, to: start + width };
  const year = new Date(moment / 1_000).getUTCFullYear();
  const regular = Math.floor(now / width) * width;
  return { from: Date.UTC(year, 0) * 1_000, to: Math.min(Date.UTC(year + 1, 0) * 1_000, regular) };
}
