import { env } from "cloudflare:workers";
import { databasesOf } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import type { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { type ExpectedEvents, expectedEvents } from "../../../src/storage/sequences/expected-events";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, SECOND, storeWithLateLane } from "../seed";

export const databases = databasesOf(env);

const WIDTH = 2 * HOUR;

/** 60 events of 20 sessions over two partitions. The first is sealed; its late lane has an event and a copy. */
export const EVENTS = Array.from({ length: 60 }, (_, n) =>
  eventRow({
    session: `session-${n % 20}`,
    occurredAt: MORNING + (n % 4) * HOUR + n * SECOND,
    name: n % 2 === 0 ? "view" : "click",
    visitor: `visitor-${n % 5}`,
    data: JSON.stringify({ text: "a", number: 1.5, flag: true, long: "l".repeat(4_000), none: null }),
  }),
);
export const LATE = eventRow({ session: "session-1", occurredAt: MORNING + MINUTE });

export async function storeSliced(): Promise<void> {
  await emptyDatabases(databases);
  await storeWithLateLane(databases, { events: EVENTS, late: LATE }, WIDTH);
}

export const withMap = <Result>(read: (map: PartitionMap) => Promise<Result>): Promise<Result> =>
  withPartitions(databases, read);

export async function expectedOf(low: number, high: number): Promise<Map<(typeof databases)[number], ExpectedEvents>> {
  const found = databases.map(async (database) => [database, await expectedEvents(database, { low, high })] as const);
  return new Map(await Promise.all(found));
}
