import type { CountedSessions } from "../../../src/model/questions/sessions/session-counts";
import { noCountedSessions } from "../../../src/model/questions/sessions/session-counts";
import { bucketPlace } from "../../../src/model/time/calendar";
import type { EventRow } from "../../../src/storage/write/rows";

/** Numbers of sessions, assembled from all events in the simplest way. */
export function naiveSessions(
  rows: readonly Pick<EventRow, "session" | "occurredAt" | "application">[],
  bounds: readonly number[],
  application: string,
): CountedSessions[] {
  const buckets = bounds.slice(1).map(noCountedSessions);
  const own = rows.filter(
    (row) =>
      (application === "" || row.application === application) &&
      row.occurredAt >= (bounds[0] ?? 0) &&
      row.occurredAt < (bounds.at(-1) ?? 0),
  );
  for (const events of Map.groupBy(own, ({ session }) => session).values()) {
    const moments = events.map(({ occurredAt }) => occurredAt);
    const first = Math.min(...moments);
    const bucket = buckets[bucketPlace(bounds, first)];
    if (bucket === undefined) continue;
    bucket.sessions += 1;
    bucket.bounces += events.length === 1 ? 1 : 0;
    bucket.events += events.length;
    bucket.micros += Math.max(...moments) - first;
  }
  return buckets;
}
