import type { Micros } from "../../../src/model/time/time.ts";
import { type Partition, WINDOW_MICROS } from "../../../src/storage/partitions/partition.ts";
import { plannedSlot } from "../../../src/storage/partitions/partition-plan.ts";
import { CATEGORIES } from "./catalogue.ts";

/** 2026-07-01T00:00:00Z: fixed, so that the same size and seed give the same rows on any day. */
export const END: Micros = 1_782_864_000_000_000;

const SECOND: Micros = 1_000_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

export type LayoutName = "large" | "small";

/** A time range with its share of all events, which are evenly distributed in it. */
export interface TimeShare {
  from: Micros;
  to: Micros;
  share: number;
}

/** The distribution of a history over time and partitions. */
export interface Layout {
  /** The ranges in which sessions begin. */
  ranges: readonly TimeShare[];
  /** The range of sessions with more than LONG_SESSION events: they last for all of it. */
  long: Pick<TimeShare, "from" | "to">;
  /** That of the first of them, which is the same session in every large history of at least a million events. */
  first: Pick<TimeShare, "from" | "to">;
  /** In order of time, without gaps. */
  partitions: readonly Partition[];
}

export const LONG_SESSION = 200;

/** Most of the history has the brief's traffic. The longer time before is quiet, so that a month has a month's buckets. */
const BUSY_EVENTS_PER_SECOND = 100;
const BUSY_SHARE = 0.864;
const QUIET_DAYS = 29;

/** The share of the busy day that is in its first partition. */
const SPLIT_AT = 2 / 3;

/**
 * Three partitions: 10 million events are a day at 100 a second, in two of them, and 29 quiet days before it in the first.
 * Fewer events have the same rate over a shorter time.
 */
function largePartitions(events: number): Layout {
  const busy = Math.round((events * BUSY_SHARE * SECOND) / BUSY_EVENTS_PER_SECOND);
  const busyFrom = END - busy;
  const start = busyFrom - QUIET_DAYS * busy;
  const quietEventsPerSecond = (events * (1 - BUSY_SHARE) * SECOND) / (busyFrom - start);
  const split = toWindow(busyFrom + SPLIT_AT * busy);
  const edges = [toWindow(start), toWindow(busyFrom), split, END];
  const rates = [quietEventsPerSecond, BUSY_EVENTS_PER_SECOND, BUSY_EVENTS_PER_SECOND];
  return {
    ranges: [
      { from: start, to: busyFrom, share: 1 - BUSY_SHARE },
      { from: busyFrom, to: END, share: BUSY_SHARE },
    ],
    long: { from: busyFrom, to: END },
    first: {
      from: Math.max(busyFrom, split - HOUR),
      to: Math.min(END, split + 0.75 * HOUR),
    },
    partitions: rates.map((perSecond, place) => {
      const [from = start, to = END] = edges.slice(place, place + 2);
      return openPartition(place + 1, { from, to, perSecond }, COMMON);
    }),
  };
}

const SMALL_PARTITIONS = 400;
const SMALL_WIDTH = 28 * DAY;

/** Alternating. 2.2 million events give partitions of 1,000 and of 10,000. */
const SMALL_WEIGHTS = [1, 10] as const;

/**
 * Partitions of four weeks of a quiet service, over thirty years. Those with few events never got common categories, so
 * every list of a common category reads both kinds. Long sessions are in three hours of one of the last partitions.
 */
function smallPartitions(events: number): Layout {
  const ranges = Array.from({ length: SMALL_PARTITIONS }, (_, place): TimeShare => {
    const from = toWindow(END - (SMALL_PARTITIONS - place) * SMALL_WIDTH);
    const weight = SMALL_WEIGHTS[place % SMALL_WEIGHTS.length] ?? 1;
    return { from, to: from + SMALL_WIDTH, share: weight / ((SMALL_PARTITIONS * (1 + 10)) / 2) };
  });
  const long = { from: END - 100 * DAY, to: END - 100 * DAY + 3 * HOUR };
  return {
    ...{ ranges, long, first: long },
    partitions: ranges.map(({ from, to, share }, place) => {
      const perSecond = (events * share * SECOND) / SMALL_WIDTH;
      return openPartition(place + 1, { from, to, perSecond }, place % SMALL_WEIGHTS.length === 1 ? COMMON : []);
    }),
  };
}

export function layoutOf(name: LayoutName, events: number): Layout {
  return name === "large" ? largePartitions(events) : smallPartitions(events);
}

/** A category is common in a partition if it has 1/24 of its events: see partition-maintenance.ts. */
const COMMON = CATEGORIES.flatMap(([category, share]) => (share >= 1 / 24 ? [category] : []));

/** The range of a partition, and its events a second. */
interface PartitionTraffic {
  from: Micros;
  to: Micros;
  perSecond: number;
}

/**
 * A partition of the map, with the slots that it would have for its traffic. Its common categories are inherited, so their
 * events are never in the index.
 */
export function openPartition(
  id: number,
  { from, to, perSecond }: PartitionTraffic,
  common: readonly string[],
): Partition {
  return {
    ...{ id, from, to, databases: [0], slotMicros: plannedSlot({ perSecond, databases: 1 }) },
    ...{ state: "open", late: false, ready: true },
    common: new Map(common.map((category) => [category, 0])),
  };
}

function toWindow(moment: Micros): Micros {
  return Math.floor(moment / WINDOW_MICROS) * WINDOW_MICROS;
}
