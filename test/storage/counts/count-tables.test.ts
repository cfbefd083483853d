import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { type BucketSpans, cut, ROWS_PER_TEXT, type Span, tablesOf } from "../../../src/storage/counts/count-tables";
import { PartitionMap } from "../../../src/storage/partitions/partition-map";
import { partitionOf } from "../partitions/sample-partition";
import { HOUR, MORNING } from "../seed";

const database = firstDatabase(databasesOf(env));
const START = MORNING / 1_000_000;
const map = new PartitionMap(1, [
  partitionOf({ id: 1, to: MORNING + HOUR, state: "sealed" }),
  partitionOf({ id: 2, from: MORNING + HOUR, to: MORNING + 2 * HOUR }),
  partitionOf({ id: 3, from: MORNING + 2 * HOUR, to: MORNING + 3 * HOUR, state: "dropped" }),
  partitionOf({ id: 4, from: MORNING + 3 * HOUR, databases: [1] }),
]);
const spansIn = (range: BucketSpans, byReceipt = false) =>
  tablesOf({ database, map, byReceipt }, range).map(({ spans }) => spans);

it("finds each minute in the partition that holds it, if its minutes are kept in this database", () => {
  const range: BucketSpans = { seconds: 60, spans: [[START + 600, START + 5 * 3_600]] };
  expect(spansIn(range)).toEqual([[[START + 600, START + 3_540]], [[START + 3_600, START + 7_140]]]);
});

it("reads hours, days and counts by receipt from one table", () => {
  const spans: Span[] = [[START, START + 5 * 3_600]];
  expect(spansIn({ seconds: 3_600, spans })).toEqual([spans]);
  expect(spansIn({ seconds: 60, spans }, true)).toEqual([spans]);
  expect(spansIn({ seconds: 60, spans: [] })).toEqual([]);
});

it("cuts ranges into parts of as many buckets as one text may have, and loses none", () => {
  const [table] = tablesOf({ database, map }, { seconds: 3_600, first: START, last: START + 3_600 * 599 });
  if (table === undefined) throw new Error("there is no table");
  const parts = cut({
    ...table,
    spans: [
      [0, 3_600 * 99],
      [3_600 * 200, 3_600 * 699],
    ],
  });
  const sizes = parts.map(({ spans }) => spans.reduce((sum, [first, last]) => sum + (last - first) / 3_600 + 1, 0));
  expect(sizes).toEqual([ROWS_PER_TEXT, ROWS_PER_TEXT, 100]);
  expect(parts.flatMap(({ spans }) => spans)).toEqual([
    [0, 3_600 * 99],
    [3_600 * 200, 3_600 * 349],
    [3_600 * 350, 3_600 * 599],
    [3_600 * 600, 3_600 * 699],
  ]);
});
