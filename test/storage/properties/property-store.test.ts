import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { readBatch } from "../../../src/storage/core/reader";
import {
  ALL_APPLICATIONS,
  type HeldCounts,
  heldStatement,
  newestHours,
  readPropertyCounts,
  writeAddedUp,
  writePropertyCounts,
} from "../../../src/storage/properties/property-store";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

/** More than one statement and one call. */
const COUNTS = Array.from(
  { length: 130 },
  (_, n): HeldCounts => ({ property: 1 + (n % 2), series: n % 3, bucket: n * 3_600, counted: n, held: `{"n":${n}}` }),
);

describe("the counts of property values", () => {
  it("are read as they were written, those of the wanted buckets only", async () => {
    await writePropertyCounts(first, 3_600, COUNTS);
    const found = await readPropertyCounts(first, 3_600, COUNTS.slice(10), true);
    expect(found.toSorted((a, b) => a.bucket - b.bucket)).toEqual(COUNTS.slice(10));
    const missing = { property: 9, series: 0, bucket: 0 };
    expect(await readPropertyCounts(first, 3_600, [missing], true)).toEqual([]);
    expect(await readPropertyCounts(first, 86_400, COUNTS, true)).toEqual([]);
    expect(await readPropertyCounts(first, 3_600, [], true)).toEqual([]);
  });

  it("are read without the values if only the number of events is wanted", async () => {
    await writePropertyCounts(first, 3_600, COUNTS.slice(7, 8));
    expect(await readPropertyCounts(first, 3_600, COUNTS, false)).toEqual([{ ...COUNTS[7], held: "" }]);
  });

  it("are read by ranges of buckets, without a look-up of each", async () => {
    await writePropertyCounts(first, 3_600, COUNTS);
    const spans = [
      [0, 9 * 3_600],
      [30 * 3_600, 30 * 3_600],
    ] as const;
    const [found = []] = await readBatch<HeldCounts>(first, [
      heldStatement(
        3_600,
        [
          { property: 1, series: 0 },
          { property: 2, series: 1 },
        ],
        spans,
      ),
    ]);
    const isWanted = ({ property, series, bucket }: HeldCounts) =>
      property === series + 1 && (bucket <= 9 * 3_600 || bucket === 30 * 3_600);
    const expected = COUNTS.filter(isWanted);
    expect(expected.length).toBeGreaterThan(3);
    expect(found.toSorted((a, b) => a.bucket - b.bucket)).toEqual(expected);
  });

  it("of all applications are replaced unless those of an application changed meanwhile", async () => {
    const row = (series: number, counted: number) => ({ property: 1, series, bucket: 0, counted, held: `${counted}` });
    await writePropertyCounts(first, 3_600, [row(1, 5), row(2, 7), row(3, 100)]);
    const add = (counted: number) => writeAddedUp(first, 3_600, [{ ...row(0, counted), keys: [1, 2] }]);
    expect(await add(12)).toBe(1);
    await writePropertyCounts(first, 3_600, [row(2, 0)]);
    expect(await add(12)).toBe(0);
    expect(await add(5)).toBe(1);
    const all = { property: 1, series: ALL_APPLICATIONS, bucket: 0 };
    expect(await readPropertyCounts(first, 3_600, [all], true)).toEqual([row(0, 5)]);
  });

  it("replace earlier ones", async () => {
    const [one] = COUNTS.slice(5);
    if (one === undefined) throw new Error("no counts");
    await writePropertyCounts(first, 86_400, [one]);
    await writePropertyCounts(first, 86_400, [{ ...one, counted: 99 }]);
    expect(await readPropertyCounts(first, 86_400, [one], true)).toEqual([{ ...one, counted: 99 }]);
  });
});

it("finds the newest hours of some dimension keys before a time", async () => {
  await first.binding
    .prepare(
      "INSERT INTO series_hours (series_id, hour) VALUES (1, 0), (1, 3600), (1, 7200), (2, 3600), (2, 10800), (3, 14400)",
    )
    .run();
  expect(await newestHours(first, [1, 2], 20_000, 10)).toEqual([10_800, 7_200, 3_600, 0]);
  expect(await newestHours(first, [1, 2], 20_000, 2)).toEqual([10_800, 7_200]);
  expect(await newestHours(first, [1, 2], 10_800, 2)).toEqual([7_200, 3_600]);
  expect(await newestHours(first, [], 20_000, 2)).toEqual([]);
});
