import { beforeAll, describe, expect, it } from "vitest";
import { readBatch } from "../../../src/storage/core/reader";
import { SAMPLE_KEYS } from "../../../src/storage/partitions/sample-key";
import { lanesIn } from "../../../src/storage/scan/lane-chains";
import {
  type PackedPage,
  type SliceEventRow,
  type SlicePlace,
  type SliceQuery,
  shareOf,
  sliceStatement,
  unpackPage,
  WHOLE,
} from "../../../src/storage/sequences/slice-statement";
import { textOfValue } from "../../../src/storage/sequences/slice-values";
import { MORNING } from "../seed";
import { databases, storeSliced, withMap } from "./sliced-events";

beforeAll(storeSliced);

const QUERY: SliceQuery = { slice: WHOLE, paths: [], withVisitor: false, wanted: null };

/** The rows of the sealed main lane, over all databases. */
async function rowsOf(changes: Partial<SliceQuery>, isSought = false, page = 1_000): Promise<SliceEventRow[]> {
  return withMap(async (map) => {
    const partition = map.find(MORNING);
    if (partition === null) throw new Error("no partition covers the morning");
    const rows: SliceEventRow[] = [];
    for (const database of databases) {
      const [lane] = lanesIn(partition, database);
      if (lane === undefined) continue;
      const range = { lane, bounds: { low: partition.from, high: partition.to - 1 }, isSought };
      for (let after: SlicePlace | null = null; ; ) {
        const statement = sliceStatement(range, { ...QUERY, ...changes }, after, page);
        const [[found] = []] = await readBatch<PackedPage>(database, [statement]);
        if (found === undefined) throw new Error("a page is one row");
        const { rows: own, place } = unpackPage(found, range);
        rows.push(...own);
        if (place === null || own.length < page) break;
        after = place;
      }
    }
    return rows;
  });
}

describe("a statement for a slice", () => {
  it.each([
    ["a whole lane", WHOLE],
    ["half of the sessions", { low: 0, high: SAMPLE_KEYS / 2 }],
  ])("returns the same rows by a scan and by seeks, whole or in pages: %s", async (_, slice) => {
    const whole = await rowsOf({ slice });
    expect(whole.length).toBeGreaterThan(5);
    expect(await rowsOf({ slice }, false, 3)).toEqual(whole);
    expect(await rowsOf({ slice }, true)).toEqual(whole);
    expect(await rowsOf({ slice }, true, 3)).toEqual(whole);
  });

  it("reads values of paths as JSON, and at most as much as their first 500 characters can take", async () => {
    const paths = ["text", "number", "flag", "long", "none", "missing"].map((name) => [name]);
    const [row] = await rowsOf({ paths });
    const [, , , , , , , text, number, flag, long, none, missing] = row ?? [];
    expect([text, number, flag, none, missing]).toEqual(['"a"', "1.5", "true", "null", null]);
    expect(long).toBe(`"${"l".repeat(3_001)}`);
    expect(textOfValue(long)).toBe("l".repeat(500));
  });

  it("reads visitors only if they are wanted", async () => {
    expect((await rowsOf({})).every(([, , , , , , visitor]) => visitor === null)).toBe(true);
    expect((await rowsOf({ withVisitor: true })).some(([, , , , , , visitor]) => visitor !== null)).toBe(true);
  });

  it("does not go on from a page whose events are not in order", async () => {
    const [database] = databases;
    const partition = await withMap(async (map) => map.find(MORNING));
    const [lane] = database === undefined || partition === null ? [] : lanesIn(partition, database);
    if (lane === undefined) throw new Error("there is no lane");
    const range = { lane, bounds: { low: MORNING, high: MORNING + 1 }, isSought: false };
    const page = { events: JSON.stringify([["ta", MORNING, 1, 0, 1, null, null]]), last: 5 };
    expect(() => unpackPage(page, range)).toThrow("not in order");
  });

  it("reads only events of the wanted dimension keys", async () => {
    expect(await rowsOf({ wanted: [] })).toEqual([]);
    const all = await rowsOf({});
    const id = all[0]?.[4] ?? 0;
    const wanted = await rowsOf({ wanted: [{ series: [id], data: [] }] });
    expect(wanted.length).toBeLessThan(all.length);
    expect(wanted).toEqual(all.filter(([, , , , seriesId]) => seriesId === id));
  });
});

it("knows the share of sessions in a slice", () => {
  expect([shareOf(WHOLE), shareOf({ low: 0, high: SAMPLE_KEYS / 4 }), shareOf({ low: 5, high: 5 })]).toEqual([
    1, 0.25, 0,
  ]);
});
