import { type Database, homeDatabase } from "../../src/storage/databases";
import type { ErrorRow, EventRow, PartRow } from "../../src/storage/rows";
import { writeBatch } from "../../src/storage/write-batch";

/** 2021-01-01T09:00:00Z, in microseconds: the start of a day's hour, quarter and minute. */
export const MORNING = 1_609_491_600_000_000;

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;

let made = 0;

/** An event with whatever a test does not care about filled in. It is received 1 ms after it occurred. */
export function eventRow(row: Partial<EventRow> = {}): EventRow {
  made += 1;
  const occurredAt = row.occurredAt ?? MORNING;
  return {
    session: "session",
    sequence: made,
    id: `event-${made}`,
    application: "shop",
    category: "page interaction",
    name: "pageview",
    occurredAt,
    receivedAt: occurredAt + 1000,
    opens: false,
    data: "{}",
    ...row,
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

/** Writes rows where the pipeline would: each session's into its home. Errors without a session go to the first database. */
export async function store(
  databases: Database[],
  rows: { events?: EventRow[]; errors?: ErrorRow[]; parts?: (PartRow & { session: string | null })[] },
): Promise<void> {
  const homeOf = (session: string | null) => (session === null ? 0 : homeDatabase(session, databases.length));
  for (const database of databases) {
    const isHere = (row: { session: string | null }) => homeOf(row.session) === database.index;
    await writeBatch(database, {
      events: (rows.events ?? []).filter(isHere),
      errors: (rows.errors ?? []).filter(isHere),
      parts: (rows.parts ?? []).filter(isHere),
    });
  }
}

/** Counts the stored events anew, where a test wrote them by SQL. */
export async function recount({ binding }: Database): Promise<void> {
  await binding.batch([
    binding.prepare("DELETE FROM counts"),
    binding.prepare("DELETE FROM series_minutes"),
    ...[60, 3600, 86400].map((seconds) =>
      binding.prepare(
        `INSERT INTO counts SELECT ${seconds}, series_id / 256 AS page, bucket, sum(n), json_group_object(series_id, n)
         FROM (SELECT series_id, occurred_at / 1000000 / ${seconds} * ${seconds} AS bucket, count(*) AS n
           FROM events GROUP BY series_id, bucket)
         GROUP BY page, bucket`,
      ),
    ),
    binding.prepare("INSERT INTO series_minutes SELECT DISTINCT series_id, occurred_at / 60000000 * 60 FROM events"),
  ]);
}

/** The order that every list of events must have. Session ids in tests are ASCII; UUIDs come after other ids. */
export function inReadingOrder(rows: EventRow[]): EventRow[] {
  const rank = (id: string) => (/^[0-9a-f]{8}-/.test(id) ? `1${id}` : `0${id}`);
  return rows.toSorted(
    (a, b) =>
      a.occurredAt - b.occurredAt ||
      a.receivedAt - b.receivedAt ||
      compareTexts(rank(a.session), rank(b.session)) ||
      a.sequence - b.sequence,
  );
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** An event's identity, to compare lists by. */
export function nameOf({ session, sequence }: { session: string; sequence: number }): string {
  return `${session} ${sequence}`;
}
