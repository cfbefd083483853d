import { sql } from "drizzle-orm";
import type { EventKey } from "./order";
import { storedIdSql } from "./packed-id";
import type { Reader } from "./reader";
import { events } from "./tables";

/**
 * Payloads of the given events, by key: one row read for each. Long ones are not read with their page, since it is only
 * known afterwards how many of them it takes (1,000 events of 32 KB from each of several databases would not fit into a
 * Worker).
 */
export async function loadPayloads(reader: Reader, keys: EventKey[]): Promise<Map<EventKey, string>> {
  if (keys.length === 0) return new Map();
  const wanted = keys.map(({ occurredAt, receivedAfter, session, sequence }) => [
    occurredAt,
    receivedAfter,
    session,
    sequence,
  ]);
  const rows = await reader.all<{ place: number; data: string }>(sql`
    SELECT wanted.key AS place, held.data AS data
    FROM json_each(${JSON.stringify(wanted)}) AS wanted CROSS JOIN ${events} AS held
    WHERE held.occurred_at = wanted.value ->> 0 AND held.received_after = wanted.value ->> 1
      AND held.session_id = ${sql.raw(storedIdSql("(wanted.value ->> 2)"))} AND held.sequence = wanted.value ->> 3`);
  return new Map(
    rows.flatMap(({ place, data }) => {
      const key = keys[place];
      return key === undefined ? [] : [[key, data] as const];
    }),
  );
}
