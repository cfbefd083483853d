import { ACTIVITY_SLOT_MICROS } from "../model/limits";
import type { Database } from "./databases";
import { packId, storedIdSql, unpackId } from "./packed-id";
import type { EventRow } from "./rows";

/** What a database holds of a session, for an object that has forgotten it. */
export interface SessionHistory {
  /** The highest sequence that the session has. */
  lastSequence: number;
  /** The slots of ACTIVITY_SLOT_MICROS in which one of its events opens. */
  openSlots: number[];
  /** Those of the asked events that are stored. */
  events: StoredEvent[];
}

/** A row of a session as it stands. */
export type StoredEvent = Omit<EventRow, "session" | "shadow">;

const FIND_SESSIONS = `
SELECT json_group_array(key) AS keys FROM json_each(?1) AS asked
WHERE EXISTS (SELECT 1 FROM events WHERE session_id = ${storedIdSql("asked.value")})`;

/**
 * Those of the given sessions of which the database holds an event: one entry of an index read for each. Told in one row,
 * since D1 takes longer over rows than over what is in them.
 */
export async function findSessions({ binding }: Database, sessions: string[]): Promise<string[]> {
  const asked = JSON.stringify(sessions.map(packId));
  const { results } = await binding.prepare(FIND_SESSIONS).bind(asked).all<{ keys: string }>();
  const keys: number[] = JSON.parse(results[0]?.keys ?? "[]");
  return keys.flatMap((key) => sessions[key] ?? []);
}

const SUMMARIES = `
SELECT asked.key AS key, max(sequence) AS last,
  json_group_array(DISTINCT occurred_at / ${ACTIVITY_SLOT_MICROS}) FILTER (WHERE opens = 1) AS slots
FROM json_each(?1) AS asked
CROSS JOIN events ON events.session_id = ${storedIdSql("asked.value ->> 0")}
GROUP BY asked.key`;

const STORED_EVENTS = `
SELECT asked.key AS key, iif(typeof(events.id) = 'blob', 'x' || lower(hex(events.id)), 't' || events.id) AS id, sequence, application, category,
  series.name AS name, occurred_at, received_after, opens, data
FROM json_each(?1) AS asked
CROSS JOIN events ON events.session_id = ${storedIdSql("asked.value ->> 0")}
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

/**
 * What the database holds of the given sessions and events. Reads each of these sessions' index entries once: meant for
 * the rare session that goes on after its object was cleaned up.
 */
export async function loadHistories(
  { binding }: Database,
  asked: { session: string; ids: string[] }[],
): Promise<Map<string, SessionHistory>> {
  const text = JSON.stringify(asked.map(({ session, ids }) => [packId(session), ids.map(packId)]));
  const [summaries, stored] = await binding.batch<unknown>([
    binding.prepare(SUMMARIES).bind(text),
    binding.prepare(STORED_EVENTS).bind(text),
  ]);
  const histories = asked.map((): SessionHistory => ({ lastSequence: 0, openSlots: [], events: [] }));
  for (const row of rowsOf<{ key: number; last: number; slots: string }>(summaries)) {
    const history = histories[row.key];
    if (history === undefined) continue;
    history.lastSequence = row.last;
    history.openSlots = JSON.parse(row.slots);
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
