import type { Micros } from "../../model/time/time";
import { HOUR_MICROS } from "../../model/time/units.ts";
import { DEFAULT_SLOT_MICROS, NARROWEST_SLOT_MICROS, type Partition } from "./partition.ts";

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

/**
 * Widths of slots, each with the most events a second in one database for which a partition gets it. Every width
 * divides a minute, so that counts by minute end with a slot.
 *
 * A page of events reads up to three times the events of a slot. With up to 800 in a slot it reads no more than 2,500
 * rows besides its own. Looking up a session costs a seek for each slot of a quarter of an hour, so slots are as wide as
 * that allows: 15, 45 or 225 seeks. The two widest slots hold at most 300 and 400 events at their rate, since a
 * quiet service grows before its partition of four weeks ends. Above 200 events a second the slots are narrower than the
 * list of sessions with their times needs (60,000 rows for 100 sessions).
 */
const SLOTS: readonly { micros: Micros; mostPerSecond: number }[] = [
  { micros: 60_000_000, mostPerSecond: 5 },
  { micros: 20_000_000, mostPerSecond: 20 },
  { micros: DEFAULT_SLOT_MICROS, mostPerSecond: 200 },
  { micros: 2_000_000, mostPerSecond: 400 },
];

/** A partition has outgrown its slots if they were planned for less than this part of the present rate. */
const OUTGROWN_FROM = 1 / 2;

/** The recent traffic of the databases that will share a partition, or that share one. */
export interface RecentTraffic {
  /** Of the last day. */
  events: number;
  /** Events a second in the busiest hour of the last day or in the last minutes, whichever is more. */
  perSecond: number;
  databases: number;
}

/**
 * The width of the next partition: the widest that keeps it below MAX_PLANNED_EVENTS for each database at the recent
 * rate.
 */
export function plannedWidth({ events, databases }: Pick<RecentTraffic, "events" | "databases">): Micros {
  if (events === 0) return FIRST_WIDTH;
  const eventsPerHour = events / 24;
  const fitting = WIDTHS.filter((width) => (eventsPerHour * width) / HOUR_MICROS <= MAX_PLANNED_EVENTS * databases);
  return fitting.at(-1) ?? HOUR_MICROS;
}

/** The width of the next partition's slots. DEFAULT_SLOT_MICROS if no traffic is known. */
export function plannedSlot({ perSecond, databases }: Pick<RecentTraffic, "perSecond" | "databases">): Micros {
  return perSecond === 0 ? DEFAULT_SLOT_MICROS : slotFor(perSecond / databases);
}

/**
 * True if the slots of a partition are too wide for the present traffic.
 *
 * @param perSecond events a second in all of its databases together
 */
export function hasOutgrownSlots(
  { slotMicros, databases }: Pick<Partition, "slotMicros" | "databases">,
  perSecond: number,
): boolean {
  return slotFor((perSecond * OUTGROWN_FROM) / databases.length) < slotMicros;
}

/** @param perSecond events a second in one database */
function slotFor(perSecond: number): Micros {
  return SLOTS.find(({ mostPerSecond }) => perSecond <= mostPerSecond)?.micros ?? NARROWEST_SLOT_MICROS;
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
