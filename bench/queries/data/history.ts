import { hash48 } from "../../../src/model/event/short-hash.ts";
import type { Micros } from "../../../src/model/time/time";
import type { Partition } from "../../../src/storage/partitions/partition";
import type { ErrorRow, EventRow } from "../../../src/storage/write/rows";
import { applicationAt, eventTypeAt, payloadAt } from "./catalogue.ts";
import { END, type Layout, type LayoutName, LONG_SESSION, layoutOf, type TimeShare } from "./layouts.ts";
import { chance, uuid, word } from "./random.ts";

const SECOND: Micros = 1_000_000;

/** Events by place, in order of occurrence. */
export interface History {
  seed: number;
  layout: LayoutName;
  events: number;
  start: Micros;
  /** The range of the long sessions: the busy end. */
  busyFrom: Micros;
  partitions: readonly Partition[];
  occurredAt: Float64Array;
  session: Uint32Array;
  /** Numbers of the long sessions, the one with the most events first. */
  largest: { session: number; events: number }[];
  /** The number of the session with events in each partition; null if there is none. */
  returning: number | null;
}

/** Events of the returning session at each visit, a second apart. */
const EVENTS_PER_RETURN = 3;

/** Generates the times and sessions of a history. Deterministic; 10 million events take some seconds and 300 MB. */
export function planHistory(events: number, layout: LayoutName = "large", seed = 1): History {
  const { ranges, long, first, partitions } = layoutOf(layout, events);
  const rangeAt = cumulative(ranges);
  const start = ranges[0]?.from ?? END;
  const made = { at: new Float64Array(events), session: new Uint32Array(events) };
  const sizes: { session: number; events: number }[] = [];

  let count = 0;
  const add = (session: number, at: Micros) => {
    made.at[count] = at;
    made.session[count] = session;
    count += 1;
  };
  const returning = layout === "small" ? 2 ** 31 : null;
  for (const { from, to } of returning === null ? [] : ranges) {
    for (let own = 0; own < EVENTS_PER_RETURN; own++) add(returning ?? 0, (from + to) / 2 + own * SECOND);
  }
  for (let session = 0; count < events; session++) {
    const size = Math.min(sizeOf(seed, session, events), events - count);
    const isLong = size > LONG_SESSION;
    const { from, to } = isLong ? (session === 0 ? first : long) : rangeAt(chance(seed, session, 1));
    let at = isLong ? from : from + Math.floor(chance(seed, session, 2) * (to - from));
    // The other sessions pause for half a minute on average.
    const pause = isLong ? (to - from) / size : 30 * SECOND;
    let own = 0;
    for (; own < size && at < END; own++) {
      add(session, at);
      // One event in twenty has the timestamp of the previous one, like the brief's samples.
      const drawn = chance(seed, count, 3);
      at += drawn < 0.05 ? 0 : Math.ceil(-Math.log(1 - (drawn - 0.05) / 0.95) * pause);
    }
    if (isLong) sizes.push({ session, events: own });
  }

  const order = orderOfTime(made.at, start);
  return {
    ...{ seed, layout, events, start, partitions },
    busyFrom: long.from,
    occurredAt: Float64Array.from(order, (from) => made.at[from] ?? 0),
    session: Uint32Array.from(order, (from) => made.session[from] ?? 0),
    largest: sizes.sort((a, b) => b.events - a.events),
    returning,
  };
}

/** Chooses a range by its share of the events. */
function cumulative(ranges: Layout["ranges"]): (drawn: number) => TimeShare {
  let sum = 0;
  const ends = Float64Array.from(ranges, ({ share }) => {
    sum += share;
    return sum;
  });
  return (drawn) => {
    const place = ends.findIndex((end) => drawn * sum < end);
    const found = ranges[place];
    if (found === undefined) throw new Error("a layout has no ranges");
    return found;
  };
}

/** Most sessions have 1 to 20 events; a few have thousands, and a handful tens of thousands. */
function sizeOf(seed: number, session: number, events: number): number {
  if (session < Math.max(1, Math.round(events / 2_000_000))) {
    return Math.floor(Math.min(20_000 + chance(seed, session, 4) * 20_000, events / 20));
  }
  const drawn = chance(seed, session, 4);
  const within = chance(seed, session, 5);
  if (drawn < 1e-5) return Math.floor(Math.min(1_000 + within * 4_000, events / 40));
  if (drawn < 0.01) return 21 + Math.floor(within * 150);
  return 1 + Math.floor(20 * within ** 1.7);
}

const MAX_BUCKETS = 3_000_000;

/** Places sorted by time, ascending and stable. Sorted into buckets first, because a plain sort takes minutes. */
function orderOfTime(times: Float64Array, start: Micros): Uint32Array {
  const width = Math.max(SECOND, Math.ceil((END - start) / MAX_BUCKETS));
  const bucketOf = (place: number) => Math.floor(((times[place] ?? 0) - start) / width);
  const edges = new Uint32Array(Math.floor((END - start) / width) + 2);
  for (let place = 0; place < times.length; place++) {
    const next = bucketOf(place) + 1;
    edges[next] = (edges[next] ?? 0) + 1;
  }
  for (let bucket = 1; bucket < edges.length; bucket++) {
    edges[bucket] = (edges[bucket] ?? 0) + (edges[bucket - 1] ?? 0);
  }
  const order = new Uint32Array(times.length);
  const filled = edges.slice();
  for (let place = 0; place < times.length; place++) {
    const bucket = bucketOf(place);
    const to = filled[bucket] ?? 0;
    order[to] = place;
    filled[bucket] = to + 1;
  }
  for (let bucket = 0; bucket + 1 < edges.length; bucket++) {
    const own = order.subarray(edges[bucket], edges[bucket + 1]);
    if (own.length > 1) own.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  }
  return order;
}

export function sessionId({ seed }: History, session: number): string {
  return uuid(seed ^ 0x5e55, session);
}

/** The event at a place, as the consumer would write it. */
export function eventAt(history: History, place: number): EventRow {
  const { seed } = history;
  const session = history.session[place] ?? 0;
  const occurredAt = history.occurredAt[place] ?? 0;
  const id = uuid(seed ^ 0x1d, place);
  const type = eventTypeAt(chance(seed, place, 10));
  // Nine in ten events of a session are from the application in which it began.
  const application = applicationAt(chance(seed, chance(seed, place, 11) < 0.9 ? session : place, 12));
  return {
    session: sessionId(history, session),
    id,
    tie: hash48(id),
    application,
    category: type.category,
    name: type.name,
    occurredAt,
    // Received 5 to 500 ms after the occurrence.
    receivedAt: occurredAt + 5_000 + (word(seed, session, 13) % 495_000),
    data: payloadAt(type, chance(seed, place, 14)),
    // As in the brief's samples.
    ...{ context: null, extra: null, visitor: null, sent: "" },
  };
}

/** For each this many events there is one failed event. */
export const EVENTS_PER_ERROR = 100;

const ISSUES: ErrorRow["issues"] = [
  { code: "data_invalid", path: "/data", message: "expected a JSON object, found null" },
  { code: "timestamp_invalid", path: "/timestamp", message: 'expected a moment, found "not a date"' },
  { code: "timestamp_in_future", path: "/timestamp", message: "lies 3600 s after its receipt; 60 s are tolerated" },
  { code: "name_invalid", path: "/name", message: "expected a string of 1 to 64 printable characters" },
];

/** The errors' places are from 0 to events / EVENTS_PER_ERROR. Each was received at the same time as the event at its place. */
export function errorAt(history: History, error: number): ErrorRow {
  const place = error * EVENTS_PER_ERROR;
  const { seed } = history;
  const event = eventAt(history, place);
  const drawn = chance(seed, place, 20);
  const first = drawn < 0.7 ? 0 : drawn < 0.9 ? 1 : drawn < 0.999 ? 2 : 3;
  const issues = [first, ...(chance(seed, place, 21) < 0.1 ? [(first + 1) % ISSUES.length] : [])];
  const id = uuid(seed ^ 0xe4, place);
  const { session, category, name, application } = event;
  return {
    id,
    receivedAt: event.receivedAt,
    application,
    session,
    category,
    name,
    eventId: id,
    issues: issues.flatMap((issue) => ISSUES[issue] ?? []),
    content: JSON.stringify({ session_id: session, category, name, data: null, timestamp: "not a date", id }),
    parts: 0,
  };
}
