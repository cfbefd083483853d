import type { Database } from "../core/databases";
import type { EventRow } from "../write/rows";

/** ?1: [[received_at, session, occurred_at], …]. A replay keeps the receipt, so each is one seek in the primary key. */
const RESOLVED_BY_REPLAYS = `
SELECT wanted.key AS place FROM json_each(?1) AS wanted WHERE EXISTS (
  SELECT 1 FROM errors WHERE errors.received_at = wanted.value ->> 0 AND errors.resolved_session = wanted.value ->> 1
    AND errors.resolved_occurred_at = wanted.value ->> 2
)`;

/** The events that came from a replay, of some stored ones. */
export async function replayedAmong(
  databases: readonly Database[],
  rows: readonly EventRow[],
): Promise<ReadonlySet<EventRow>> {
  const wanted = JSON.stringify(rows.map(({ receivedAt, session, occurredAt }) => [receivedAt, session, occurredAt]));
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(RESOLVED_BY_REPLAYS).bind(wanted).all<{ place: number }>()),
  );
  const places = new Set(found.flatMap(({ results }) => results.map(({ place }) => place)));
  return new Set(rows.filter((_, place) => places.has(place)));
}
