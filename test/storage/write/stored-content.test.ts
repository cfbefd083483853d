import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { laneToWrite, type Partition } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import type { EventRow } from "../../../src/storage/write/rows";
import { hasSameContent, identityOf, storedContents } from "../../../src/storage/write/stored-content";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MORNING, partitionsOf, store } from "../seed";

const home = firstDatabase(databasesOf(env));

async function partitionOfMorning(): Promise<Partition> {
  const partition = (await partitionsOf([home]).latest()).find(MORNING);
  if (partition === null) throw new Error("no partition covers the morning");
  return partition;
}

async function contentsOf(rows: EventRow[]) {
  return storedContents(home, laneToWrite(await partitionOfMorning()), rows);
}

beforeEach(() => emptyDatabases([home]));

describe("the stored content of some identities", () => {
  it("is found for stored events, and for no other", async () => {
    const stored = eventRow({ id: "a", data: '{"n":1}' });
    await store([home], { events: [stored] });
    const found = await contentsOf([
      stored,
      eventRow({ id: "b" }),
      eventRow({ id: "a", occurredAt: MORNING + 1 }),
      eventRow({ id: "a", session: "another" }),
    ]);
    const { category, name, data } = stored;
    expect([...found]).toEqual([[identityOf(stored), { category, name, data, id: packId("a") }]]);
  });

  it("is found in the main lane of a sealed partition and in its late lane", async () => {
    const [early, late] = [eventRow({ id: "early" }), eventRow({ id: "late" })];
    await store([home], { events: [early] });
    await sealPartition([home], await partitionOfMorning());
    await store([home], { events: [late] });
    expect([...(await contentsOf([early, late])).keys()].toSorted()).toEqual([early, late].map(identityOf).toSorted());
  });

  it("is found for more events than fit into one statement", async () => {
    const data = JSON.stringify({ text: "x".repeat(20_000) });
    const events = Array.from({ length: 120 }, (_, n) => eventRow({ id: `${n}`, occurredAt: MORNING + n, data }));
    await store([home], { events });
    expect((await contentsOf(events)).size).toBe(120);
  });
});

describe("two deliveries of one event", () => {
  const row = eventRow({ id: "a", data: '{"a":1,"b":{"c":[1,2]}}' });
  const stored = { category: row.category, name: row.name, data: row.data, id: packId("a") };

  it("are equal whatever the order of members and the spaces", () => {
    expect(hasSameContent(stored, { ...row, data: '{ "b": {"c":[1,2]}, "a": 1 }' })).toBe(true);
  });

  it("are equal even if context, extra members and visitor differ: SDKs change them with every attempt", () => {
    expect(hasSameContent(stored, { ...row, context: "{}", extra: '{"try":2}', visitor: "v" })).toBe(true);
  });

  it.each<Partial<EventRow>>([
    { id: "b" },
    { category: "other" },
    { name: "other" },
    { data: '{"a":1,"b":{"c":[2,1]}}' },
    { data: "{}" },
  ])("are not equal with %j", (change) => {
    expect(hasSameContent(stored, { ...row, ...change })).toBe(false);
  });
});

it("identities differ by session, timestamp and tie", () => {
  const row = eventRow({ id: "a" });
  const others = [
    { ...row, session: "b" },
    { ...row, occurredAt: row.occurredAt + 1 },
    { ...row, tie: row.tie + 1 },
  ];
  expect(new Set([row, ...others, { ...row, data: '{"other":1}' }].map(identityOf)).size).toBe(4);
});
