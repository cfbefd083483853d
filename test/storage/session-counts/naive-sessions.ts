import type { CountedSessions } from "../../../src/model/questions/sessions/session-counts";
import { noCountedSessions } from "../../../src/model/questions/sessions/session-counts";
import { bucketPlace } from "../../../src/model/time/calendar";
import type { EventRow } from "../../../src/storage/write/rows";

/** Numbers of sessions, assembled from all events in the simplest way. */
export function naiveSessions(...asked: Parameters<typeof naiveDetails>): CountedSessions[] {
  return naiveDetails(...asked).map(({ counts }) => counts);
}

/** The same with each duration in microseconds, and the visitors. */
export function naiveDetails(
  rows: readonly (Pick<EventRow, "session" | "occurredAt" | "application"> & { visitor?: string | null })[],
  bounds: readonly number[],
  application: string,
): { counts: CountedSessions; durations: number[]; visitors: Set<string> }[] {
  const buckets = bounds.slice(1).map(() => {
    return { counts: noCountedSessions(), durations: [] as number[], visitors: new Set<string>() };
  });
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
    const micros = Math.max(...moments) - first;
    bucket.counts.sessions += 1;
    bucket.counts.bounces += events.length === 1 ? 1 : 0;
    bucket.counts.events += events.length;
    bucket.counts.micros += micros;
    bucket.durations.push(micros);
    for (const { visitor } of events) if (typeof visitor === "string") bucket.visitors.add(visitor);
  }
  return buckets;
}
