import { sql } from "drizzle-orm";
import { storedIdSql, unpackId } from "../core/packed-id";
import { sampleKeyOf } from "../partitions/sample-key";
import { readAll } from "../scan/lane-chains";
import type { ScannedEvent } from "./scan-statements";

/** JSON objects as text. */
export interface Contents {
  data: string;
  context: string | null;
  extra: string | null;
}

/**
 * The contents of the given events: one row read for each. Long contents are not read with their page, because only
 * afterwards is it known how many of them fit (1,000 events of 32 KB from each of several databases would not fit
 * into a Worker).
 */
export async function loadPayloads(events: readonly ScannedEvent[]): Promise<Map<ScannedEvent, Contents>> {
  const tables = [...Map.groupBy(events, ({ database, suffix }) => `${database.index} ${suffix}`).values()];
  const results = await readAll<Contents & { place: number }>(
    tables.flatMap((own) => {
      const [first] = own;
      if (first === undefined) return [];
      const keys = own.map(({ key: { occurredAt, session, tie }, slotMicros }) => [
        Math.floor(occurredAt / slotMicros),
        sampleKeyOf(unpackId(session)),
        session,
        occurredAt,
        tie,
      ]);
      const statement = sql`
        SELECT wanted.key AS place, e.data AS data, e.context AS context, e.extra AS extra
        FROM json_each(${JSON.stringify(keys)}) AS wanted CROSS JOIN ${sql.raw(`events_${first.suffix}`)} AS e
        WHERE e.slot = wanted.value ->> 0 AND e.sample_key = wanted.value ->> 1
          AND e.session_id = ${sql.raw(storedIdSql("(wanted.value ->> 2)"))}
          AND e.occurred_at = wanted.value ->> 3 AND e.tie = wanted.value ->> 4`;
      return [{ database: first.database, statement }];
    }),
  );
  return new Map(
    tables.flatMap((own, table) =>
      (results[table] ?? []).flatMap(({ place, ...contents }) => {
        const event = own[place];
        return event === undefined ? [] : [[event, contents] as const];
      }),
    ),
  );
}
