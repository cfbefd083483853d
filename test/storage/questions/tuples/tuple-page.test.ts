import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { packId } from "../../../../src/storage/core/packed-id";
import { readBatch } from "../../../../src/storage/core/reader";
import type { SeriesFilter } from "../../../../src/storage/counts/series";
import { wantedSeries } from "../../../../src/storage/events/wanted-series";
import { readPartitionMap } from "../../../../src/storage/partitions/known-partitions";
import {
  keyOf,
  type LaneRange,
  pageSize,
  pageStatement,
  type RawTuple,
  tupleOf,
} from "../../../../src/storage/questions/tuples/tuple-page";
import { lanesIn } from "../../../../src/storage/scan/lane-chains";
import { emptyDatabases } from "../../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../../seed";

/** One database, so that one lane has all events. */
const databases = databasesOf(env).slice(0, 1);
const first = firstDatabase(databases);

/** Four sessions with several events in each slot, some of them at the same microsecond. */
const EVENTS = Array.from({ length: 24 }, (_, n) =>
  eventRow({
    session: `session-${n % 4}`,
    occurredAt: MORNING + Math.floor(n / 6) * 10 * MINUTE + (n % 3) * 1_000,
    receivedAt: MORNING + HOUR + (n % 3),
    name: n % 2 === 0 ? "pageview" : "submit",
  }),
);
const PERIOD = { start: MORNING, end: MORNING + HOUR };
const ANY: SeriesFilter = { category: null, name: null, applications: null };

beforeAll(async () => {
  await emptyDatabases(databasesOf(env));
  await store(databases, { events: EVENTS });
});

async function page(changes: Partial<LaneRange>, filter = ANY): Promise<RawTuple[]> {
  const [partition] = (await readPartitionMap(first)).partitions;
  const [lane] = partition === undefined ? [] : lanesIn(partition, first);
  if (lane === undefined) throw new Error("there is no lane");
  const range: LaneRange = { ...PERIOD, lane, isRare: false, after: null, ...changes };
  const statement = pageStatement(range, await wantedSeries(first, filter), []);
  const [rows = []] = await readBatch<{ rows: string }>(first, [statement]);
  return JSON.parse(rows[0]?.rows ?? "null");
}

describe("pageStatement", () => {
  it.each([
    ["the primary key", false, ANY, 24],
    ["the index of rare categories", true, { ...ANY, category: "page interaction" }, 24],
    ["the primary key, with a filter", false, { ...ANY, name: "submit" }, 12],
  ] as const)("continues after any event of a page, by %s", async (_, isRare, filter, count) => {
    const all = await page({ isRare }, filter);
    expect(all).toHaveLength(count);
    for (const [place, row] of all.entries()) {
      expect(await page({ isRare, after: keyOf(row) }, filter)).toEqual(all.slice(place + 1));
    }
  });

  it("excludes the end of the period", async () => {
    const times = (await page({ start: MORNING + 10 * MINUTE, end: MORNING + 10 * MINUTE + 1_000 })).map(([at]) => at);
    expect(times).toEqual([MORNING + 10 * MINUTE, MORNING + 10 * MINUTE]);
  });

  it("is an empty list without events", async () => {
    expect(await page({ start: MORNING + HOUR, end: MORNING + 2 * HOUR })).toEqual([]);
  });
});

describe("pageSize", () => {
  it("keeps a page below the limit of a text, however long its values are", () => {
    expect(pageSize([])).toBe(6_000);
    expect(pageSize([["a"], ["b"]])).toBe(1_162);
  });
});

describe("tupleOf", () => {
  const raw: RawTuple = [MORNING, 5, 6, 7, packId("s"), null, null, "value"];
  const series = new Map([[7, { application: "shop", category: "page", name: "view" }]]);

  it("has the type of its dimension key, or its own if it has one", () => {
    const tuple = { occurredAt: MORNING, receivedAfter: 5, tie: 6, session: packId("s"), visitor: null };
    expect(tupleOf(raw, series)).toEqual({
      ...tuple,
      ...{ application: "shop", category: "page", name: "view", values: ["value"] },
    });
    expect(tupleOf(raw.with(6, ["own", "type"]) as RawTuple, series)).toMatchObject({ category: "own", name: "type" });
  });

  it("belongs to the other types while the row of its dimension key is not there", () => {
    expect(tupleOf(raw, new Map())).toMatchObject({ application: "(other)", category: "(other)", name: "(other)" });
  });
});
