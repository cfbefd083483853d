import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MAX_CONTENT_WITH_ROW } from "../../../src/storage/core/read-limits";
import { scanFiltered } from "../../../src/storage/events/filtered-scan";
import { withNames } from "../../../src/storage/events/named-events";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const LONG = JSON.stringify({ text: "x".repeat(MAX_CONTENT_WITH_ROW) });
const EVENTS = [
  eventRow({ session: "one", application: "shop", occurredAt: MORNING }),
  eventRow({
    ...{ session: "two", application: "blog", category: "form", name: "send", occurredAt: MORNING + MINUTE },
    ...{ context: '{"page":1}', extra: '{"more":2}', visitor: "visitor" },
  }),
  eventRow({ session: "three", data: LONG, occurredAt: MORNING + 2 * MINUTE }),
];

async function scanned() {
  const map = await readPartitionMap(firstDatabase(databases));
  const range = { order: "asc" as const, from: null, to: null, after: null };
  const question = { session: null, category: null, name: null, applications: null, range, limit: 10 };
  return (await scanFiltered(databases, map, question)).rows;
}

beforeAll(async () => {
  await emptyDatabases(databases);
  await store(databases, { events: EVENTS }, HOUR);
});

it("gives events the names of their dimension keys, of whatever database, and keeps all other members", async () => {
  const found = await withNames(await scanned());
  const inOrder = found.toSorted((a, b) => a.occurredAt - b.occurredAt);
  expect(inOrder).toEqual(EVENTS.map(({ tie, sent: _, ...event }) => expect.objectContaining(event)));
});

it("reads contents that were too long to be read with their row", async () => {
  const rows = await scanned();
  expect(rows.filter(({ data }) => data === null)).toHaveLength(1);
  expect((await withNames(rows)).find(({ session }) => session === "three")?.data).toBe(LONG);
});

it("takes the type of an event with an overflow key from the event itself", async () => {
  const [row] = await scanned();
  if (row === undefined) throw new Error("no event was found");
  const [found] = await withNames([{ ...row, type: '["own category","own name"]' }]);
  expect(found).toMatchObject({ application: "shop", category: "own category", name: "own name" });
});

it("fails if a database lacks the dimension key of an event that it listed", async () => {
  const [row] = await scanned();
  if (row === undefined) throw new Error("no event was found");
  await expect(withNames([{ ...row, seriesId: 9_999 }])).rejects.toThrow("lacks series 9999");
});
