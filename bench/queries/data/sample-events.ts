import { hash48 } from "../../../src/model/event/short-hash.ts";
import type { EventRow } from "../../../src/storage/write/rows";
import { openPartition } from "./layouts.ts";
import { uuid } from "./random.ts";

/** The maximum size of a D1 database: the platform's limit. */
const DATABASE_BYTES = 10_000_000_000;
const EVENTS_PER_SECOND = 100;
export const MAX_BYTES_PER_EVENT = 170;

const SESSIONS_AT_ONCE = 2_000;
const EVENTS_PER_SESSION = 10;
const START = 1_782_864_000_000_000;
const DAY = 86_400_000_000;
const HOST = { host: "www.consumeraffairs.com", path: "/" };

/** The brief's three sample events. */
const SAMPLES = [
  { category: "page interaction", name: "pageview", data: JSON.stringify(HOST) },
  { category: "page interaction", name: "cta click", data: JSON.stringify({ ...HOST, element: "chat bubble" }) },
  {
    category: "form interaction",
    name: "submit",
    data: JSON.stringify({ ...HOST, form: { first_name: "John", last_name: "Doe" } }),
  },
] as const;

/** Their partition. It has inherited its common categories, like all except the first one of a service. */
export const SAMPLE_PARTITION = openPartition(1, { from: START, to: START + DAY, perSecond: 100 }, [
  "page interaction",
  "form interaction",
]);

export interface StoredBytes {
  events: number;
  bytes: number;
  bytesPerEvent: number;
  /** Until one database is full, at EVENTS_PER_SECOND. */
  daysPerDatabase: number;
}

export function storedBytes(events: number, bytes: number): StoredBytes {
  const bytesPerEvent = bytes / events;
  const perDay = bytesPerEvent * EVENTS_PER_SECOND * 86_400;
  return { events, bytes, bytesPerEvent, daysPerDatabase: DATABASE_BYTES / perDay };
}

/** The event at a place: SESSIONS_AT_ONCE sessions take turns until each has its events; then the next ones follow. */
export function sampleAt(place: number): EventRow {
  const turn = Math.floor(place / SESSIONS_AT_ONCE);
  const session = Math.floor(turn / EVENTS_PER_SESSION) * SESSIONS_AT_ONCE + (place % SESSIONS_AT_ONCE);
  const at = (of: number) => START + (of * 1_000_000) / EVENTS_PER_SECOND;
  const id = uuid(6, place);
  return {
    session: uuid(5, session),
    id,
    tie: hash48(id),
    application: session % 2 === 0 ? "shop" : "blog",
    ...(SAMPLES[place % SAMPLES.length] ?? SAMPLES[0]),
    occurredAt: at(place),
    receivedAt: at(place) + 20_000 + (session % 1_000),
    ...{ context: null, extra: null, visitor: null, sent: "" },
  };
}
