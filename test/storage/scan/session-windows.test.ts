import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { readBatch } from "../../../src/storage/core/reader";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { windowOf } from "../../../src/storage/partitions/partition";
import { sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import { lanesIn } from "../../../src/storage/scan/lane-chains";
import { eventsOfWindow, withWindows } from "../../../src/storage/scan/session-windows";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MORNING, QUARTER, store } from "../seed";

/** One database, so that one lane has all events. */
const databases = databasesOf(env).slice(0, 1);
const first = firstDatabase(databases);
const UUID = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
const NOW = windowOf(MORNING);

/** Another session that lies beside "text" in the primary key. */
function neighbour(): string {
  for (let n = 0; ; n++) if (sampleKeyOf(`neighbour-${n}`) === sampleKeyOf("text")) return `neighbour-${n}`;
}

beforeAll(async () => {
  await emptyDatabases(databasesOf(env));
  const times = [MORNING - 1, MORNING, MORNING + QUARTER - 1, MORNING + QUARTER];
  const events = [UUID, "text"].flatMap((session) => times.map((occurredAt) => eventRow({ session, occurredAt })));
  await store(databases, { events: [...events, eventRow({ session: neighbour(), occurredAt: MORNING - 2 })] });
});

it("reads the events of each session in its window, and no others", async () => {
  const [partition] = (await readPartitionMap(first)).partitions;
  const [lane] = partition === undefined ? [] : lanesIn(partition, first);
  if (lane === undefined) throw new Error("there is no lane");
  const windows = [
    { session: packId(UUID), window: NOW },
    { session: packId("text"), window: NOW - 1 },
    { session: packId("text"), window: NOW + 1 },
    { session: packId("text"), window: NOW + 2 },
  ];
  const [rows = []] = await readBatch<{ place: number; moment: number }>(first, [
    sql`${withWindows(lane, windows)} SELECT place, e.occurred_at AS moment FROM found CROSS JOIN ${eventsOfWindow(lane)}
      ORDER BY place, moment`,
  ]);
  expect(rows.map(({ place, moment }) => [place, moment - MORNING])).toEqual([
    [0, 0],
    [0, QUARTER - 1],
    [1, -1],
    [2, QUARTER],
  ]);
});
