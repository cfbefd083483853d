import { env } from "cloudflare:workers";
import { databasesOf } from "../../../src/storage/core/databases";
import { packId, unpackId } from "../../../src/storage/core/packed-id";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import type { PartitionMap } from "../../../src/storage/partitions/partition-map";
import type { EventKey } from "../../../src/storage/scan/event-order";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

export const databases = databasesOf(env);

/** Partitions are narrow, so that sessions cross them. */
const WIDTH = HOUR;

export const at = (minutes: number): number => MORNING + minutes * MINUTE;

/** Stores events of sessions at minutes of the morning. */
export async function storeSessions(
  sessions: Record<string, number[]>,
  changes: Partial<EventRow> = {},
): Promise<void> {
  const events = Object.entries(sessions).flatMap(([session, minutes]) =>
    minutes.map((minute) => eventRow({ session, id: `${session} ${minute}`, occurredAt: at(minute), ...changes })),
  );
  await store(databases, { events }, WIDTH);
}

export async function emptySessions(): Promise<void> {
  await emptyDatabases(databases);
}

export const withMap = <Result>(read: (map: PartitionMap) => Promise<Result>): Promise<Result> =>
  withPartitions(databases, read);

/** The place before all events of a minute. */
export const before = (minute: number): EventKey => ({
  ...{ occurredAt: at(minute), receivedAfter: -1, session: packId("a"), tie: 0 },
});

/** Keys as texts: the session and its minute. */
export const placesOf = (keys: readonly EventKey[]): string[] =>
  keys.map(({ session, occurredAt }) => `${unpackId(session)} ${(occurredAt - MORNING) / MINUTE}`);
