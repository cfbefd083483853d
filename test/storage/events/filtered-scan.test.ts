import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf, firstDatabase, metered } from "../../../src/storage/core/databases";
import { unpackId } from "../../../src/storage/core/packed-id";
import { type EventQuestion, scanFiltered, wantedByDatabase } from "../../../src/storage/events/filtered-scan";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { emptyDatabases } from "../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const EVERYTHING: EventQuestion = {
  ...{ session: null, category: null, name: null, applications: null, limit: 100 },
  range: { order: "asc", from: null, to: null, after: null },
};

const TYPES = [
  { application: "shop", category: "page", name: "view" },
  { application: "shop", category: "page", name: "leave" },
  { application: "blog", category: "form", name: "send" },
];
const EVENTS = Array.from({ length: 60 }, (_, n) =>
  eventRow({ ...TYPES[n % 3], session: `session ${n % 5}`, id: `${n}`, occurredAt: MORNING + n * MINUTE }),
);

beforeAll(async () => {
  await emptyDatabases(databases);
  await store(databases, { events: EVENTS }, HOUR);
});

async function idsOf(changes: Partial<EventQuestion>): Promise<string[]> {
  const map = await readPartitionMap(firstDatabase(databases));
  return (await scanFiltered(databases, map, { ...EVERYTHING, ...changes })).rows.map(({ id }) => unpackId(id));
}

const idsWhere = (isWanted: (event: (typeof EVENTS)[number]) => boolean) => EVENTS.filter(isWanted).map(({ id }) => id);

it.each<[string, Partial<EventQuestion>, (event: (typeof EVENTS)[number]) => boolean]>([
  ["nothing", {}, () => true],
  ["a session", { session: "session 2" }, ({ session }) => session === "session 2"],
  [
    "a session and a name",
    { session: "session 2", name: "view" },
    ({ session, name }) => session === "session 2" && name === "view",
  ],
  ["a category", { category: "page" }, ({ category }) => category === "page"],
  ["a name", { name: "leave" }, ({ name }) => name === "leave"],
  ["the only category of an application", { applications: ["blog"] }, ({ application }) => application === "blog"],
  ["all applications that there are", { applications: ["shop", "blog"] }, () => true],
  ["a category and an application without it", { category: "form", applications: ["shop"] }, () => false],
  ["an unknown name", { name: "unknown" }, () => false],
])("finds the events in order when filtered by %s", async (_, changes, isWanted) => {
  expect(await idsOf(changes)).toEqual(idsWhere(isWanted));
});

it("continues after the last event of a page", async () => {
  const map = await readPartitionMap(firstDatabase(databases));
  const first = await scanFiltered(databases, map, { ...EVERYTHING, limit: 25 });
  const range = { ...EVERYTHING.range, after: first.next };
  expect([...first.rows.map(({ id }) => unpackId(id)), ...(await idsOf({ range }))]).toEqual(idsWhere(() => true));
});

it("reads no event if no database has a wanted type", async () => {
  const map = await readPartitionMap(firstDatabase(databases));
  const { databases: own, meter } = metered(databases);
  await scanFiltered(own, map, { ...EVERYTHING, name: "unknown" });
  expect(meter.rowsRead).toBeLessThan(EVENTS.length / 2);
});

it("lists only databases that have wanted dimension keys", async () => {
  const holding = await wantedByDatabase(databases, { category: "form", name: null, applications: null });
  expect(holding.size).toBeGreaterThan(0);
  for (const { ids } of holding.values()) expect(ids).not.toEqual([]);
  expect((await wantedByDatabase(databases, { category: null, name: "unknown", applications: null })).size).toBe(0);
});
