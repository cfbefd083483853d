import { tieOf } from "../../src/model/event/event-key";
import { type Database, firstDatabase } from "../../src/storage/core/databases";
import { databaseOf, type Lane, laneToWrite } from "../../src/storage/partitions/partition";
import { sealPartition } from "../../src/storage/partitions/partition-lifecycle";
import { createPartitionStore, type PartitionStore } from "../../src/storage/partitions/partition-store";
import type { ErrorRow, EventRow, LaneRows, PartRow } from "../../src/storage/write/rows";
import { writeBatch } from "../../src/storage/write/write-batch";

/** 2021-01-01T09:00:00Z in microseconds: the start of an hour, a quarter and a minute. */
export const MORNING = 1_609_491_600_000_000;

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** A window of activity. */
export const QUARTER = 15 * MINUTE;

/** Wide, so that tests that do not depend on partitions create few of them. */
const DEFAULT_WIDTH = 28 * DAY;

let made = 0;

/** An event with defaults for all members that a test does not set. It is received 1 ms after its timestamp. */
export function eventRow(row: Partial<EventRow> = {}): EventRow {
  made += 1;
  const occurredAt = row.occurredAt ?? MORNING;
  const id = row.id ?? `event-${made}`;
  const complete: Omit<EventRow, "sent"> = {
    session: "session",
    id,
    tie: tieOf(id),
    application: "shop",
    category: "page interaction",
    name: "pageview",
    occurredAt,
    receivedAt: occurredAt + 1000,
    data: "{}",
    context: null,
    extra: null,
    visitor: null,
    ...row,
  };
  const { session, category, name, data } = complete;
  return {
    sent: `{"session_id":${JSON.stringify(session)},${JSON.stringify({ id, category, name }).slice(1, -1)},"data":${data}}`,
    ...complete,
  };
}

export function errorRow(row: Partial<ErrorRow> = {}): ErrorRow {
  made += 1;
  return {
    id: `error-${String(made).padStart(6, "0")}`,
    receivedAt: MORNING,
    application: "shop",
    session: "session",
    category: "page interaction",
    name: "pageview",
    eventId: `event-${made}`,
    issues: [{ code: "data_invalid", path: "/data", message: "expected a JSON object, found null" }],
    content: '{"data":null}',
    parts: 0,
    ...row,
  };
}

/** The slots of the partitions that tests make, in seconds: of the first one, of the second, and so on. */
const SLOTS = [4, 60, 20, 1, 2];

/**
 * A partition store whose clock is fixed at MORNING: later timestamps get regular partitions, earlier ones coarse
 * partitions. Their slots have different widths, whatever the traffic is.
 */
export function partitionsOf(databases: readonly Database[], widthMicros: number = DEFAULT_WIDTH): PartitionStore {
  const made = createPartitionStore(databases, { widthMicros }, () => MORNING / 1000);
  return {
    ...made,
    covering: async (moments) => {
      const before = new Set((await made.latest()).partitions.map(({ id }) => id));
      const { partitions } = await made.covering(moments);
      const added = partitions.flatMap(({ id }) => (before.has(id) ? [] : [id]));
      if (added.length > 0) await setSlots(firstDatabase(databases), added);
      return made.latest();
    },
  };
}

/** For partitions without events. */
async function setSlots({ binding }: Database, ids: readonly number[]): Promise<void> {
  const widths = ids.map((id) => [id, (SLOTS[(id - 1) % SLOTS.length] ?? 0) * SECOND]);
  await binding.batch([
    binding
      .prepare(
        `UPDATE partitions SET slot_us = own.value ->> 1 FROM json_each(?1) AS own WHERE partition_id = own.value ->> 0`,
      )
      .bind(JSON.stringify(widths)),
    binding.prepare("UPDATE revisions SET revision = revision + 1 WHERE name = 'partitions'"),
  ]);
}

/**
 * Writes rows where the pipeline would: an event into the partition of its timestamp and that partition's database
 * for its session, an error into the database of its session, or of its id if it has no session. Creates missing
 * partitions.
 *
 * @param widthMicros the width of the partitions that it creates
 */
export async function store(
  databases: Database[],
  rows: { events?: EventRow[]; errors?: ErrorRow[]; parts?: (PartRow & { session: string | null })[] },
  widthMicros: number = DEFAULT_WIDTH,
): Promise<void> {
  const events = rows.events ?? [];
  const map = await partitionsOf(databases, widthMicros).covering(new Set(events.map(({ occurredAt }) => occurredAt)));
  const placed = events.map((row) => {
    const partition = map.find(row.occurredAt);
    if (partition === null) throw new Error(`No partition covers ${row.occurredAt}.`);
    return { row, lane: laneToWrite(partition), home: databaseOf(partition, row.session) };
  });
  const everywhere = { databases: databases.map(({ index }) => index) };
  const homeOf = (session: string | null, errorId: string) => databaseOf(everywhere, session ?? errorId);
  for (const database of databases) {
    await writeBatch(database, {
      events: byLane(placed.filter(({ home }) => home === database.index)),
      errors: (rows.errors ?? []).filter(({ session, id }) => homeOf(session, id) === database.index),
      parts: (rows.parts ?? []).filter(({ session, errorId }) => homeOf(session, errorId) === database.index),
    });
  }
}

function byLane(placed: { row: EventRow; lane: Lane }[]): LaneRows[] {
  return [...Map.groupBy(placed, ({ lane }) => lane.suffix).values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ lane: first.lane, rows: group.map(({ row }) => row) }];
  });
}

/** Recounts the events of all open partitions (at most five), after a test wrote them by SQL. */
export async function recount({ binding }: Database): Promise<void> {
  const { results } = await binding
    .prepare("SELECT substr(name, 8) AS suffix FROM sqlite_master WHERE type = 'table' AND name GLOB 'events_[0-9]*'")
    .all<{ suffix: string }>();
  const suffixes = results.map(({ suffix }) => suffix).filter((suffix) => /^\d+$/.test(suffix));
  const add = (table: string, prefix: string, events: string, seconds: number) => `
    INSERT INTO ${table} SELECT ${prefix} series_id / 256 AS page, bucket, sum(n), json_group_object(series_id, n)
    FROM (SELECT series_id, occurred_at / 1000000 / ${seconds} * ${seconds} AS bucket, count(*) AS n
      FROM (${events}) GROUP BY series_id, bucket)
    GROUP BY page, bucket`;
  const eventsOf = (suffix: string) => `SELECT series_id, occurred_at FROM events_${suffix}`;
  const every = suffixes.map(eventsOf).join(" UNION ALL ");
  await binding.batch(
    [
      "DELETE FROM counts",
      "DELETE FROM series_hours",
      ...suffixes.map((suffix) => `DELETE FROM minutes_${suffix}`),
      ...suffixes.map((suffix) => add(`minutes_${suffix}`, "", eventsOf(suffix), 60)),
      ...[3600, 86400].map((seconds) => add("counts", `${seconds},`, every, seconds)),
      `INSERT INTO series_hours SELECT DISTINCT series_id, occurred_at / 3600000000 * 3600 FROM (${every})`,
    ].map((statement) => binding.prepare(statement)),
  );
}

/** The order that every list of events must have. Session ids in tests are ASCII; UUIDs come after other ids. */
export function inReadingOrder<Row extends Pick<EventRow, "occurredAt" | "receivedAt" | "session" | "tie">>(
  rows: Row[],
): Row[] {
  const rank = (id: string) => (/^[0-9a-f]{8}-/.test(id) ? `1${id}` : `0${id}`);
  return rows.toSorted(
    (a, b) =>
      a.occurredAt - b.occurredAt ||
      a.receivedAt - b.receivedAt ||
      compareTexts(rank(a.session), rank(b.session)) ||
      a.tie - b.tie,
  );
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** An event in a few words, for comparing lists. */
export function nameOf({ session, id }: { session: string; id: string }): string {
  return `${session} ${id}`;
}

/** Stores events, then seals the partition of the morning. Its late lane gets `late` and a copy of the first event. */
export async function storeWithLateLane(
  databases: Database[],
  { events, late }: { events: EventRow[]; late: EventRow },
  widthMicros: number,
): Promise<void> {
  await store(databases, { events }, widthMicros);
  const partition = (await partitionsOf(databases, widthMicros).latest()).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  await sealPartition(databases, partition);
  await store(databases, { events: [late, ...events.slice(0, 1)] }, widthMicros);
}
