import { sql } from "drizzle-orm";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";
import type { Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../core/databases";
import { packedSql, packId, storedId, storedIdSql } from "../core/packed-id";
import { withPartitions } from "../partitions/known-partitions";
import { slotsPerWindow } from "../partitions/partition";
import { sampleKeyOf } from "../partitions/sample-key";
import { listProperties } from "../properties/declared-properties";
import { recountStatement } from "../properties/recount";
import { integer } from "../scan/event-order";
import type { LaneSource } from "../scan/lane-chains";
import { slotsOfSession } from "../scan/scan-terms";
import { recountSessionsStatement } from "../session-counts/recount-sessions";
import { lanesOfSessions } from "../sessions/session-times";
import type { Budget } from "./budget";
import { fillerSql } from "./filler";
import { recordPlaces } from "./scrub/erased-places";

/** Events that one transaction erases. */
const EVENTS_PER_TRANSACTION = 500;

/** What to erase of a session. */
export interface ErasedSession {
  session: string;
  /** Only events received before this time. */
  before: Micros;
}

interface ErasableEvent {
  slot: number;
  occurredAt: Micros;
  tie: number;
  window: number;
  /** Packed. */
  visitor: string | null;
  series: number;
}

/** The columns of an event that are overwritten before it is deleted: all outside its key. */
const OVERWRITTEN = ["id", "data", "context", "extra", "visitor_id", "type"];

const dialect = new SQLiteAsyncDialect();

/**
 * Erases the events of a session that were received before a given time, in all lanes, with the windows and visits
 * that are then empty. Counts stay: they name nobody. Late events are not counted by hour and day yet. The places of the
 * events are recorded for `scrubDatabase`. A repeat continues where the failed call stopped.
 *
 * @returns how many were erased; `isDone` is false if the budget ran out first
 * @throws what D1 throws
 */
export async function eraseSessionEvents(
  databases: Database[],
  erased: ErasedSession,
  budget: Budget,
): Promise<{ events: number; isDone: boolean }> {
  let events = 0;
  const declared = await listProperties(firstDatabase(databases));
  const properties = declared.map(({ property_id: id }) => id);
  const isDone = await withPartitions(databases, async (map) => {
    for (const { lane } of await lanesOfSessions(databases, map, [erased.session])) {
      for (;;) {
        const found = await findErasable(lane, erased);
        if (found.length > 0) {
          // A query that finds nothing does not use the budget, or a step might never finish.
          if (budget.left <= 0) return false;
          budget.left -= 1;
          // Before and after: a window that is counted meanwhile may still have had the events.
          const recount = await recountSessionsStatement(databases, map, erased.session, found);
          await recount.run();
          await eraseFound(lane, erased, found, properties);
          await recount.run();
        }
        events += found.length;
        if (found.length < EVENTS_PER_TRANSACTION) break;
      }
    }
    return true;
  });
  return { events, isDone };
}

async function findErasable(lane: LaneSource, { session, before }: ErasedSession): Promise<ErasableEvent[]> {
  const { partition, database } = lane;
  const whole = { low: partition.from, high: partition.to - 1 };
  const { sql: text, params } = dialect.sqlToQuery(sql`
    SELECT e.slot AS slot, e.occurred_at AS "occurredAt", e.tie AS tie, a."window" AS "window",
      ${sql.raw(packedSql("e.visitor_id"))} AS visitor, e.series_id AS series
    FROM ${slotsOfSession(lane, whole, { id: storedId(session), sampleKey: integer(sampleKeyOf(session)) })} AND e.occurred_at + e.received_after < ${integer(before)}
    LIMIT ${integer(EVENTS_PER_TRANSACTION)}`);
  // From the primary: a replica may lack the latest writes.
  const { results } = await database.binding
    .prepare(text)
    .bind(...params)
    .all<ErasableEvent>();
  return results;
}

/** ?1 is the packed session in all statements. ?2: [[slot, occurred_at, tie], …], packed visitors, or windows. */
async function eraseFound(
  { database, suffix, partition }: LaneSource,
  { session }: ErasedSession,
  found: readonly ErasableEvent[],
  properties: readonly number[],
): Promise<void> {
  const { binding } = database;
  const own = storedIdSql("?1");
  const perWindow = slotsPerWindow(partition);
  const keys = JSON.stringify(found.map(({ slot, occurredAt, tie }) => [slot, occurredAt, tie]));
  const visitors = JSON.stringify([...new Set(found.flatMap(({ visitor }) => visitor ?? []))]);
  const windows = JSON.stringify([...new Set(found.map(({ window }) => window))]);
  const sampleKey = sampleKeyOf(session);
  const isFound = `(slot, sample_key, session_id, occurred_at, tie) IN (
    SELECT value ->> 0, ${sampleKey}, ${own}, value ->> 1, value ->> 2 FROM json_each(?2))`;
  const left = `SELECT 1 FROM numbers AS n CROSS JOIN events_${suffix} AS e
    WHERE n.n < ${perWindow} AND e.slot = a."window" * ${perWindow} + n.n AND e.sample_key = ${sampleKey}
      AND e.session_id = a.session_id`;
  const statements: [text: string, values: string][] = [
    [
      `UPDATE events_${suffix} SET ${OVERWRITTEN.map((column) => `${column} = ${fillerSql(column)}`).join(", ")}
       WHERE ${isFound}`,
      keys,
    ],
    [`DELETE FROM events_${suffix} WHERE ${isFound}`, keys],
    [
      `DELETE FROM visits_${suffix} WHERE (visitor_id, session_id) IN (
         SELECT ${storedIdSql("value")}, ${own} FROM json_each(?2)
       ) AND NOT EXISTS (
         SELECT 1 FROM activity_${suffix} AS a WHERE a.session_id = ${own}
           AND EXISTS (${left} AND e.visitor_id = visits_${suffix}.visitor_id)
       )`,
      visitors,
    ],
    [
      `DELETE FROM activity_${suffix} AS a
       WHERE a.session_id = ${own} AND a."window" IN (SELECT value FROM json_each(?2)) AND NOT EXISTS (${left})`,
      windows,
    ],
  ];
  await binding.batch([
    ...statements.map(([text, values]) => binding.prepare(text).bind(packId(session), values)),
    recountStatement(binding, properties, found),
    recordPlaces(
      binding,
      `events_${suffix}`,
      found.map(({ slot }) => [slot, sampleKey]),
    ),
  ]);
}
