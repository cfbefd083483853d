import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { valueText } from "../../../src/model/event/property-value";
import { readBatch } from "../../../src/storage/core/reader";
import { SAMPLE_KEYS } from "../../../src/storage/partitions/sample-key";
import { lanesIn } from "../../../src/storage/scan/lane-chains";
import {
  numberOfValue,
  type SlicePlace,
  type SliceQuery,
  type SliceRow,
  shareOf,
  sliceStatement,
  textOfValue,
  WHOLE,
} from "../../../src/storage/sequences/slice-statement";
import { MORNING } from "../seed";
import { databases, storeSliced, withMap } from "./sliced-events";

beforeAll(storeSliced);

const QUERY: SliceQuery = { slice: WHOLE, paths: [], withVisitor: false, series: null };

/** The rows of the sealed main lane, over all databases. */
async function rowsOf(changes: Partial<SliceQuery>, isSought = false, page = 1_000): Promise<SliceRow[]> {
  return withMap(async (map) => {
    const partition = map.find(MORNING);
    if (partition === null) throw new Error("no partition covers the morning");
    const rows: SliceRow[] = [];
    for (const database of databases) {
      const [lane] = lanesIn(partition, database);
      if (lane === undefined) continue;
      const range = { lane, bounds: { low: partition.from, high: partition.to - 1 }, isSought };
      for (let after: SlicePlace | null = null; ; ) {
        const statement = sliceStatement(range, { ...QUERY, ...changes }, after, page);
        const [found = []] = await readBatch<SliceRow>(database, [statement]);
        rows.push(...found);
        const last = found.at(-1);
        if (last === undefined || found.length < page) break;
        after = last;
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
    expect([row?.v0, row?.v1, row?.v2, row?.v4, row?.v5]).toEqual(['"a"', "1.5", "true", "null", null]);
    expect(row?.v3).toBe(`"${"l".repeat(3_001)}`);
    expect(textOfValue(row?.v3)).toBe("l".repeat(500));
  });

  it("reads visitors only if they are wanted", async () => {
    expect((await rowsOf({})).every(({ visitor }) => visitor === null)).toBe(true);
    expect((await rowsOf({ withVisitor: true })).some(({ visitor }) => visitor !== null)).toBe(true);
  });

  it("reads only events of the wanted dimension keys", async () => {
    expect(await rowsOf({ series: [] })).toEqual([]);
    const all = await rowsOf({});
    const id = all[0]?.seriesId ?? 0;
    const wanted = await rowsOf({ series: [id] });
    expect(wanted.length).toBeLessThan(all.length);
    expect(wanted).toEqual(all.filter(({ seriesId }) => seriesId === id));
  });
});

it("knows the share of sessions in a slice", () => {
  expect([shareOf(WHOLE), shareOf({ low: 0, high: SAMPLE_KEYS / 4 }), shareOf({ low: 5, high: 5 })]).toEqual([
    1, 0.25, 0,
  ]);
});

it.each([
  ['"a"', "a", null],
  ['""', "", null],
  ['"17"', "17", null],
  ['"n"', "n", null],
  ["1.50", "1.5", 1.5],
  ["-2", "-2", -2],
  ["1e3", "1000", 1_000],
  ["true", "true", null],
  ["false", "false", null],
  ["null", null, null],
  ['{"a":1}', null, null],
  ["[1]", null, null],
  [null, null, null],
  [undefined, null, null],
])("reads the value %s as text and number", (value, text, number) => {
  expect([textOfValue(value), numberOfValue(value)]).toEqual([text, number]);
});

it("decodes the first 500 characters of a text, wherever its JSON was cut", () => {
  const texts = fc.string({
    unit: fc.constantFrom("a", '"', "\\", "\n", "\u0001", "é", "\ud83d", "😀"),
    maxLength: 700,
  });
  fc.assert(
    fc.property(texts, (text) => {
      const json = JSON.stringify(text);
      // SQLite counts code points.
      const cut = [...json].slice(0, 3_002).join("");
      expect(textOfValue(cut)).toBe(valueText(text));
    }),
  );
});
