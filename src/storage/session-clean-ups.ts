import type { Database } from "./databases";
import { IS_NEW } from "./event-chunk";
import { packId, storedIdSql, unpackId } from "./packed-id";
import type { ErrorRow, EventRow } from "./rows";

/**
 * The list of session objects that must be cleaned up some day. What an object's memory began with and its entry in this
 * list are written in one transaction, so that no object is forgotten. A session may stand in it twice: that costs a call.
 */

const ENLIST = `
INSERT INTO session_clean_ups (due_at, id, sessions)
SELECT max(due_at), lower(hex(randomblob(8))), json_group_array(session) FROM arriving`;

/** ?1: [[session_id, due_at], …]. */
const ENLIST_ALL = `
WITH arriving AS (SELECT value ->> 0 AS session, value ->> 1 AS due_at FROM json_each(?1))
${ENLIST}`;

/**
 * ?1: [[session_id, due_at, occurred_at, received_after, sequence], …]. Runs before the events are inserted, and only for
 * those that are not there yet: a batch that comes again writes nothing.
 */
const ENLIST_BY_EVENTS = `
WITH arriving AS (
  SELECT value ->> 0 AS session, value ->> 1 AS due_at, value ->> 2 AS occurred_at, value ->> 3 AS received_after,
    ${storedIdSql("value ->> 0")} AS session_id, value ->> 4 AS sequence
  FROM json_each(?1)
)
${ENLIST} WHERE ${IS_NEW} HAVING count(*) > 0`;

/** The statements that enlist the sessions that begin with these events and errors. Few batches need the second. */
export function enlistStatements(
  binding: D1Database,
  events: readonly EventRow[],
  errors: readonly ErrorRow[],
): D1PreparedStatement[] {
  const byEvents = events.flatMap(({ cleanUpAt, session, occurredAt, receivedAt, sequence }) =>
    cleanUpAt === undefined ? [] : [[packId(session), cleanUpAt, occurredAt, receivedAt - occurredAt, sequence]],
  );
  // An object that forgot a failure and is sent it again begins with an error that stands in the table already.
  const byErrors = errors.flatMap(({ cleanUpAt, session }) =>
    cleanUpAt === undefined || session === null ? [] : [[packId(session), cleanUpAt]],
  );
  return [
    ...(byEvents.length === 0 ? [] : [binding.prepare(ENLIST_BY_EVENTS).bind(JSON.stringify(byEvents))]),
    ...(byErrors.length === 0 ? [] : [binding.prepare(ENLIST_ALL).bind(JSON.stringify(byErrors))]),
  ];
}

/** Sessions whose objects are to be looked at, as one batch enlisted them. */
export interface DueCleanUp {
  dueAt: number;
  id: string;
  sessions: string[];
}

/** What is due by `now` (milliseconds since 1970), the oldest first. */
export async function dueCleanUps({ binding }: Database, now: number, limit: number): Promise<DueCleanUp[]> {
  const { results } = await binding
    .prepare(
      "SELECT due_at AS dueAt, id, sessions FROM session_clean_ups WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2",
    )
    .bind(now, limit)
    .all<{ dueAt: number; id: string; sessions: string }>();
  return results.map(({ sessions, ...row }) => {
    const packed: string[] = JSON.parse(sessions);
    return { ...row, sessions: packed.map(unpackId) };
  });
}

/** A row whose sessions were looked at, and those of them that must be looked at again. */
export interface SettledCleanUp {
  row: DueCleanUp;
  again: { session: string; dueAt: number }[];
}

/** Takes rows off the list, and puts back on it what must be looked at again, in one transaction. */
export async function settleCleanUps({ binding }: Database, settled: SettledCleanUp[]): Promise<void> {
  const keys = JSON.stringify(settled.map(({ row }) => [row.dueAt, row.id]));
  // A row for each row that there was: together they might be longer than a parameter may be.
  const renewed = settled.flatMap(({ again }) =>
    again.length === 0 ? [] : [JSON.stringify(again.map(({ session, dueAt }) => [packId(session), dueAt]))],
  );
  await binding.batch([
    binding
      .prepare(
        `DELETE FROM session_clean_ups
         WHERE (due_at, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))`,
      )
      .bind(keys),
    ...renewed.map((entries) => binding.prepare(ENLIST_ALL).bind(entries)),
  ]);
}
