import { compareTexts } from "../../model/compare-texts";
import { utf8Bytes } from "../../model/event/event";
import { keepShape } from "../../model/kept-shapes";
import { packId, storedIdSql } from "../core/packed-id";
import { isLate, isRare, type Lane, slotOf, windowOf } from "../partitions/partition";
import { sampleKeyOf } from "../partitions/sample-key";
import { chunks, jsonArray, type RowText } from "./chunks";
import { countedBy, MinuteCounts } from "./minute-counts";
import type { EventRow } from "./rows";
import { storedSeries } from "./stored-series";
import { ADD_HOURS_AND_DAYS, ADD_RECEIPTS, ADD_SERIES_HOURS, addMinutes } from "./write-counts";
import { chunkSeries, seriesOfChunk } from "./write-series";

/**
 * Inserts events. ?1: [[slot, sample key, occurred_at, tie, received_after, packed session, packed id, rare, data,
 * context, extra, packed visitor, place of the dimension key in ?2], …]. Payload, context and extra are JSON objects or
 * null, not texts: SQLite returns their text unchanged, and quotes need not be escaped twice on the way. Strict: if one
 * of the events is already stored, the transaction fails as a whole.
 *
 * Materialized, so that each value is read from the JSON once, which made the statement a fifth faster. `jsonb_each`
 * returns each row as SQLite's binary JSON, which `->>` need not parse again: half the time of `json_each`.
 */
function insertEvents(suffix: string): string {
  return `
WITH ${chunkSeries("?2")},
arriving AS MATERIALIZED (
  SELECT value ->> 0 AS slot, value ->> 1 AS sample_key, value ->> 2 AS occurred_at, value ->> 3 AS tie,
    value ->> 4 AS received_after, value ->> 5 AS session, value ->> 6 AS id, value ->> 7 AS is_rare, value -> 8 AS data,
    nullif(value -> 9, 'null') AS context, nullif(value -> 10, 'null') AS extra, value ->> 11 AS visitor, value ->> 12 AS series
  FROM jsonb_each(?1)
)
INSERT INTO events_${suffix} (slot, sample_key, session_id, occurred_at, tie, received_after, series_id, rare, id, data, context,
  extra, visitor_id, type)
SELECT slot, sample_key, ${storedIdSql("session")}, occurred_at, tie, received_after, series_id, iif(is_rare, category_id, NULL),
  ${storedIdSql("arriving.id")}, data, context, extra, ${storedIdSql("visitor")}, chunk_series.type
FROM arriving CROSS JOIN chunk_series ON place = series`;
}

/** ?1: [[packed session, window], …]. */
function addActivity(suffix: string): string {
  return `
INSERT INTO activity_${suffix} (session_id, "window")
SELECT ${storedIdSql("(value ->> 0)")}, value ->> 1 FROM jsonb_each(?1) WHERE true ON CONFLICT DO NOTHING`;
}

/** ?1: [[packed visitor, packed session], …]. */
function addVisits(suffix: string): string {
  return `
INSERT INTO visits_${suffix} (visitor_id, session_id)
SELECT ${storedIdSql("(value ->> 0)")}, ${storedIdSql("(value ->> 1)")} FROM jsonb_each(?1) WHERE true
ON CONFLICT DO NOTHING`;
}

/** The statements that write new events of one lane, with their activity, dimension keys and counts. */
export function eventStatements(binding: D1Database, lane: Lane, rows: readonly EventRow[]): D1PreparedStatement[] {
  const { suffix } = lane;
  const stored = storedSeries(binding);
  const statements: D1PreparedStatement[] = [];
  for (const chunk of chunks(eventTexts(lane, rows))) {
    const { values, minutes, receipts, keys, activity, visits, day } = joinEvents(chunk);
    const { statements: added, parameter: series } = seriesOfChunk(binding, keys, { stored, day });
    statements.push(
      ...added,
      binding.prepare(insertEvents(suffix)).bind(values, series),
      binding.prepare(addActivity(suffix)).bind(activity),
      ...(visits === "[]" ? [] : [binding.prepare(addVisits(suffix)).bind(visits)]),
      binding.prepare(ADD_RECEIPTS).bind(receipts, series),
    );
    // Late events are counted when the late lane is flushed, because only then are copies known.
    if (isLate(lane)) continue;
    statements.push(
      binding.prepare(addMinutes(suffix)).bind(minutes, series),
      binding.prepare(ADD_HOURS_AND_DAYS).bind(minutes, series),
      binding.prepare(ADD_SERIES_HOURS).bind(minutes, series),
    );
  }
  return statements;
}

/** The statements that count events by hour and day, as `eventStatements` does when it writes into a main lane. */
export function countStatements(binding: D1Database, rows: readonly EventRow[]): D1PreparedStatement[] {
  const counted = countedBy(rows, ({ occurredAt }) => occurredAt);
  return [ADD_HOURS_AND_DAYS, ADD_SERIES_HOURS].map((statement) => binding.prepare(statement).bind(...counted));
}

/** An event's JSON, without the place of its dimension key, which is known only within a chunk. */
interface EventText extends RowText {
  row: EventRow;
  slot: number;
  sampleKey: number;
  session: string;
  values: string;
  /** The dimension key. */
  shared: string;
}

/** In the order of the primary key, which fills the pages of the B-tree best. */
function eventTexts({ partition }: Lane, rows: readonly EventRow[]): EventText[] {
  const sessions = new Map<string, { packed: string; sampleKey: number }>();
  const texts = rows.map((row): EventText => {
    const { occurredAt, receivedAt, tie, category, name, application, data, context, extra } = row;
    let session = sessions.get(row.session);
    if (session === undefined) {
      session = { packed: packId(row.session), sampleKey: sampleKeyOf(row.session) };
      sessions.set(row.session, session);
    }
    const slot = slotOf(occurredAt, partition);
    const after = receivedAt - occurredAt;
    const rare = isRare(partition, category, receivedAt) ? 1 : 0;
    const visitor = row.visitor === null ? null : packId(row.visitor);
    const { packed, sampleKey } = session;
    const key = `${slot},${sampleKey},${occurredAt},${tie},${after},${JSON.stringify(packed)}`;
    const content = `${data},${context},${extra},${JSON.stringify(visitor)}`;
    const values = `[${key},${JSON.stringify(packId(row.id))},${rare},${content}`;
    const shared = JSON.stringify([category, name, application]);
    return { row, slot, sampleKey, session: packed, values, shared, bytes: utf8Bytes(values) + 8 };
  });
  keepShape("chunk", texts[0]);
  return texts.sort(
    (a, b) =>
      a.slot - b.slot ||
      a.sampleKey - b.sampleKey ||
      compareTexts(a.session, b.session) ||
      a.row.occurredAt - b.row.occurredAt,
  );
}

function joinEvents(chunk: readonly EventText[]) {
  const places = new Map<string, number>();
  const minutes = new MinuteCounts();
  const receipts = new MinuteCounts();
  const activity = new Set<string>();
  const visits = new Set<string>();
  const values: string[] = [];
  let receivedAt = 0;
  let last = { session: "", window: 0 };
  for (const { row, session, shared: series, values: text } of chunk) {
    const place = places.get(series) ?? places.size;
    places.set(series, place);
    values.push(`${text},${place}]`);
    minutes.add(place, row.occurredAt);
    // The event of a replay was received once, and is counted among the failures.
    if (row.replays === undefined) receipts.add(place, row.receivedAt);
    // Events of a session and window mostly follow each other.
    const window = windowOf(row.occurredAt);
    if (session !== last.session || window !== last.window) {
      activity.add(JSON.stringify([session, window]));
      last = { session, window };
    }
    if (row.visitor !== null) visits.add(JSON.stringify([packId(row.visitor), session]));
    receivedAt = Math.max(receivedAt, row.receivedAt);
  }
  keepShape("counts", minutes);
  return {
    values: jsonArray(values),
    minutes: minutes.toText(),
    receipts: receipts.toText(),
    keys: [...places.keys()],
    activity: jsonArray([...activity]),
    visits: jsonArray([...visits]),
    day: Math.floor(receivedAt / 86_400_000_000),
  };
}
