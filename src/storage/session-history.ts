import { ACTIVITY_SLOT_MICROS } from "../model/limits";
import type { Micros } from "../model/time";
import type { Database } from "./databases";
import { packId, storedIdSql, textOfIdSql, unpackId } from "./packed-id";
import type { ErrorRow, EventRow } from "./rows";

/** What a database holds of a session, for a group that does not remember it. */
export interface SessionHistory {
  /** Null where it was not asked for. */
  summary: SessionSummary | null;
  /** Those of the asked events that are stored. */
  events: StoredEvent[];
  /** Those of the asked failures that stand among the errors. */
  failures: StoredFailure[];
}

/** A session as a whole. */
export interface SessionSummary {
  /** The highest sequence that the session has. */
  lastSequence: number;
  /** The slots of ACTIVITY_SLOT_MICROS in which one of its events opens. */
  openSlots: number[];
  /** When the latest of its events occurred. */
  until: Micros;
}

/** An error as it stands. */
export type StoredFailure = Pick<ErrorRow, "issues" | "receivedAt"> & { errorId: string; application: string };

/** A row of a session as it stands. */
export type StoredEvent = Omit<EventRow, "session" | "shadow">;

const FIND_SESSIONS = `
SELECT
  json_group_array(key) FILTER (WHERE EXISTS (SELECT 1 FROM events WHERE session_id = ${storedIdSql("asked.value")})) AS stored,
  json_group_array(key) FILTER (WHERE EXISTS (SELECT 1 FROM errors WHERE session_id = ${textOfIdSql("asked.value")})) AS failed
FROM json_each(?1) AS asked`;

/**
 * Those of the given sessions of which the database holds an event, and those of which it holds an error: two entries of
 * indexes read for each at most. Told in one row, since D1 takes longer over rows than over what is in them.
 */
export async function findSessions(
  { binding }: Database,
  sessions: string[],
): Promise<{ stored: string[]; failed: string[] }> {
  const asked = JSON.stringify(sessions.map(packId));
  const { results } = await binding.prepare(FIND_SESSIONS).bind(asked).all<{ stored: string; failed: string }>();
  const sessionsAt = (keys = "[]") => {
    const places: number[] = JSON.parse(keys);
    return places.flatMap((place) => sessions[place] ?? []);
  };
  return { stored: sessionsAt(results[0]?.stored), failed: sessionsAt(results[0]?.failed) };
}

const SUMMARIES = `
SELECT asked.key AS key, max(sequence) AS last, max(occurred_at) AS until,
  json_group_array(DISTINCT occurred_at / ${ACTIVITY_SLOT_MICROS}) FILTER (WHERE opens = 1) AS slots
FROM json_each(?1) AS asked
CROSS JOIN events ON events.session_id = ${storedIdSql("asked.value ->> 0")}
WHERE asked.value ->> 2 IS NULL
GROUP BY asked.key`;

const STORED_EVENTS = `
SELECT asked.key AS key, iif(typeof(events.id) = 'blob', 'x' || lower(hex(events.id)), 't' || events.id) AS id, sequence, application, category,
  series.name AS name, occurred_at, received_after, opens, data
FROM json_each(?1) AS asked
CROSS JOIN events ON events.session_id = ${storedIdSql("asked.value ->> 0")}
  AND occurred_at <= ifnull(asked.value ->> 2, ${Number.MAX_SAFE_INTEGER})
JOIN series USING (series_id)
JOIN categories ON categories.category_id = series.category_id
WHERE events.id IN (SELECT ${storedIdSql("wanted.value")} FROM json_each(asked.value -> 1) AS wanted)`;

interface StoredRow {
  key: number;
  id: string;
  sequence: number;
  application: string;
  category: string;
  name: string;
  occurred_at: number;
  received_after: number;
  opens: number;
  data: string;
}

const STORED_FAILURES = `
SELECT asked.key AS key, errors.id AS id, received_at, application, issues
FROM json_each(?1) AS asked CROSS JOIN json_each(asked.value) AS wanted CROSS JOIN errors ON errors.id = wanted.value`;

interface FailedRow {
  key: number;
  id: string;
  received_at: number;
  application: string | null;
  issues: string;
}

/**
 * What the database holds of the given sessions, events and failures. Reads each of these sessions' events once: meant for
 * the session that goes on after its group has forgotten it.
 *
 * @param asked.until events that occurred later are not looked at, and of the session as a whole nothing is told. Null: all
 */
export async function loadHistories(
  { binding }: Database,
  asked: { session: string; ids: string[]; errorIds: string[]; until: Micros | null }[],
): Promise<Map<string, SessionHistory>> {
  const text = JSON.stringify(asked.map(({ session, ids, until }) => [packId(session), ids.map(packId), until]));
  const errors = JSON.stringify(asked.map(({ errorIds }) => errorIds));
  const [summaries, stored, failed] = await binding.batch<unknown>([
    binding.prepare(SUMMARIES).bind(text),
    binding.prepare(STORED_EVENTS).bind(text),
    binding.prepare(STORED_FAILURES).bind(errors),
  ]);
  const histories = asked.map(({ until }): SessionHistory => {
    const summary = until === null ? { lastSequence: 0, openSlots: [], until: 0 } : null;
    return { summary, events: [], failures: [] };
  });
  for (const row of rowsOf<{ key: number; last: number; until: number; slots: string }>(summaries)) {
    const history = histories[row.key];
    if (history === undefined) continue;
    history.summary = { lastSequence: row.last, openSlots: JSON.parse(row.slots), until: row.until };
  }
  for (const row of rowsOf<StoredRow>(stored)) {
    histories[row.key]?.events.push({
      id: unpackId(row.id),
      sequence: row.sequence,
      application: row.application,
      category: row.category,
      name: row.name,
      occurredAt: row.occurred_at,
      receivedAt: row.occurred_at + row.received_after,
      opens: row.opens === 1,
      data: row.data,
    });
  }
  for (const { key, id, received_at: receivedAt, application, issues } of rowsOf<FailedRow>(failed)) {
    const failure = { errorId: id, receivedAt, application: application ?? "", issues: JSON.parse(issues) };
    histories[key]?.failures.push(failure);
  }
  return new Map(
    asked.flatMap(({ session }, index) => {
      const history = histories[index];
      return history === undefined ? [] : [[session, history] as const];
    }),
  );
}

/** D1 types its results by what the caller says that the SQL selects. */
function rowsOf<Row>(result: D1Result<unknown> | undefined): Row[] {
  return (result?.results ?? []) as Row[];
}
