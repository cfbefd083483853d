import { ACTIVITY_SLOT_MICROS } from "../../src/model/limits.ts";
import type { Micros } from "../../src/model/time";
import type { ErrorRow, EventRow } from "../../src/storage/rows";
import { applicationAt, eventTypeAt } from "./catalogue.ts";
import { chance, uuid, word } from "./random.ts";

/** 2026-07-01T00:00:00Z: fixed, so that the same size and seed give the same rows on any day. */
export const END: Micros = 1_782_864_000_000_000;

const SECOND: Micros = 1_000_000;

/** The brief's traffic, which most of the history has. The longer time before is quiet: a month needs a month's buckets. */
const BUSY_EVENTS_PER_SECOND = 100;
const BUSY_SHARE = 0.864;
const QUIET_STRETCH = 29;

/** Events by place, in the order of their occurrence: 10 million are a day at 100 a second, and 29 quiet days before it. */
export interface History {
  seed: number;
  events: number;
  start: Micros;
  /** Where the quiet time ends. */
  busyFrom: Micros;
  occurredAt: Float64Array;
  session: Uint32Array;
  sequence: Uint32Array;
  opens: Uint8Array;
  /** Numbers of sessions by their size in events, the largest first. */
  largest: { session: number; events: number }[];
}

/** Makes the times and sessions of a history. Deterministic; 10 million take some seconds and 300 MB. */
export function planHistory(events: number, seed = 1): History {
  const busy = (events * BUSY_SHARE * SECOND) / BUSY_EVENTS_PER_SECOND;
  const busyFrom = END - Math.round(busy);
  const start = busyFrom - Math.round(busy * QUIET_STRETCH);
  const made = { at: new Float64Array(events), session: new Uint32Array(events), sequence: new Uint32Array(events) };
  const opens = new Uint8Array(events);
  const sizes: { session: number; events: number }[] = [];

  let count = 0;
  for (let session = 0; count < events; session++) {
    const size = Math.min(sizeOf(seed, session, events), events - count);
    const isLong = size > 200;
    const first = isLong || chance(seed, session, 1) < BUSY_SHARE ? [busyFrom, END] : [start, busyFrom];
    const [low = start, high = END] = first;
    let at = isLong ? low : low + Math.floor(chance(seed, session, 2) * (high - low));
    // A long session goes on through the whole busy time; the others pause for half a minute on average.
    const pause = isLong ? (high - low) / size : 30 * SECOND;
    let slot = -1;
    let sequence = 0;
    while (sequence < size) {
      if (at >= END) break;
      sequence += 1;
      const ownSlot = Math.floor(at / ACTIVITY_SLOT_MICROS);
      made.at[count] = at;
      made.session[count] = session;
      made.sequence[count] = sequence;
      opens[count] = ownSlot === slot ? 0 : 1;
      slot = ownSlot;
      count += 1;
      // One in twenty bears the timestamp of the one before it, as the brief's samples do.
      const drawn = chance(seed, count, 3);
      at += drawn < 0.05 ? 0 : Math.ceil(-Math.log(1 - (drawn - 0.05) / 0.95) * pause);
    }
    if (size > 200) sizes.push({ session, events: sequence });
  }

  const order = orderOfTime(made.at, start);
  return {
    seed,
    events,
    start,
    busyFrom,
    occurredAt: Float64Array.from(order, (from) => made.at[from] ?? 0),
    session: Uint32Array.from(order, (from) => made.session[from] ?? 0),
    sequence: Uint32Array.from(order, (from) => made.sequence[from] ?? 0),
    opens: Uint8Array.from(order, (from) => opens[from] ?? 0),
    largest: sizes.sort((a, b) => b.events - a.events),
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

/** Places of times in ascending order; equal ones keep theirs. By seconds first: a sort of numbers alone takes minutes. */
function orderOfTime(times: Float64Array, start: Micros): Uint32Array {
  const secondOf = (place: number) => Math.floor(((times[place] ?? 0) - start) / SECOND);
  const edges = new Uint32Array(Math.floor((END - start) / SECOND) + 2);
  for (let place = 0; place < times.length; place++) {
    const next = secondOf(place) + 1;
    edges[next] = (edges[next] ?? 0) + 1;
  }
  for (let second = 1; second < edges.length; second++) {
    edges[second] = (edges[second] ?? 0) + (edges[second - 1] ?? 0);
  }
  const order = new Uint32Array(times.length);
  const filled = edges.slice();
  for (let place = 0; place < times.length; place++) {
    const second = secondOf(place);
    const to = filled[second] ?? 0;
    order[to] = place;
    filled[second] = to + 1;
  }
  for (let second = 0; second + 1 < edges.length; second++) {
    const own = order.subarray(edges[second], edges[second + 1]);
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
  const sequence = history.sequence[place] ?? 0;
  const occurredAt = history.occurredAt[place] ?? 0;
  const { category, name, payloads } = eventTypeAt(chance(seed, place, 10));
  // Nine in ten events of a session come from the application in which it began.
  const application = applicationAt(chance(seed, chance(seed, place, 11) < 0.9 ? session : place, 12));
  return {
    session: sessionId(history, session),
    sequence,
    id: uuid(seed ^ 0x1d, place),
    application,
    category,
    name,
    occurredAt,
    // From 5 to 500 ms on the way, and never before the session's event with the same timestamp.
    receivedAt: occurredAt + 5_000 + (word(seed, session, 13) % 495_000) + sequence,
    opens: history.opens[place] === 1,
    data: payloads[word(seed, place, 14) % payloads.length] ?? "{}",
  };
}

/** One event in so many is a failed one beside it. */
export const EVENTS_PER_ERROR = 100;

const ISSUES: ErrorRow["issues"] = [
  { code: "data_invalid", path: "/data", message: "expected a JSON object, found null" },
  { code: "timestamp_invalid", path: "/timestamp", message: 'expected a moment, found "not a date"' },
  { code: "timestamp_in_future", path: "/timestamp", message: "lies 3600 s after its receipt; 60 s are tolerated" },
  { code: "name_invalid", path: "/name", message: "expected a string of 1 to 64 printable characters" },
];

/** The errors' places go from 0 to events / EVENTS_PER_ERROR. Each was received when the event at its place was. */
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
