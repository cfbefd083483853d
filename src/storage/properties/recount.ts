import type { Micros } from "../../model/time/time";
import { HOUR_SECONDS, hourOf } from "../../model/time/units";
import { ALL_APPLICATIONS } from "./property-store";

/** An event that is being erased. */
interface ErasedEvent {
  occurredAt: Micros;
  series: number;
}

/**
 * The statement that lets the cron count the values of declared properties again, in the hours of erased events. The
 * count of the hour then lacks the values that only these events had. It belongs into the transaction that deletes
 * them.
 */
export function recountStatement(
  binding: D1Database,
  properties: readonly number[],
  erased: readonly ErasedEvent[],
): D1PreparedStatement {
  const hours = erased.flatMap(({ occurredAt, series }) =>
    [series, ALL_APPLICATIONS].map((own) => JSON.stringify([own, hourOf(occurredAt)])),
  );
  return binding
    .prepare(
      `UPDATE property_counts SET counted = 0 WHERE seconds = ${HOUR_SECONDS}
         AND (property_id, series_id, seconds, bucket) IN (
           SELECT property.value, hour.value ->> 0, ${HOUR_SECONDS}, hour.value ->> 1
           FROM json_each(?1) AS property CROSS JOIN json_each(?2) AS hour
         )`,
    )
    .bind(JSON.stringify(properties), `[${[...new Set(hours)].join(",")}]`);
}
