import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Place } from "../../../../src/storage/erasures/scrub/erased-places";
import { readNeighbourhoods } from "../../../../src/storage/erasures/scrub/neighbourhoods";
import { scrubbedTable } from "../../../../src/storage/erasures/scrub/scrubbed-table";
import { createTables } from "../../../../src/storage/partitions/partition-tables";

const database = { index: 0, binding: env.DB };
const ROWS = 20_000;

/** Tables with a row at each slot from 0, whose payloads have a given length. */
const SIZES = { "9001": 60, "9002": 400, "9003": 60_000 };
const rowsOf = (suffix: string) => (suffix === "9003" ? 300 : ROWS);

beforeAll(async () => {
  for (const [suffix, size] of Object.entries(SIZES)) {
    await createTables(database, suffix);
    await env.DB.prepare(
      `WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < ?1 - 1)
       INSERT INTO events_${suffix} SELECT n, 5, 'session', n, n, 1, 1, NULL, 'id', substr(hex(zeroblob(?2)), 1, ?2), NULL,
         NULL, NULL, NULL FROM c`,
    )
      .bind(rowsOf(suffix), size)
      .run();
  }
});
afterAll(async () => {
  for (const suffix of Object.keys(SIZES)) await env.DB.prepare(`DROP TABLE events_${suffix}`).run();
});

const read = (suffix: string, places: readonly Place[]) =>
  readNeighbourhoods(env.DB, { name: `events_${suffix}`, table: scrubbedTable("events_1") }, places);

it("reaches as far as the pages above the leaf pages, by the size of the rows", async () => {
  // Rows of 119 and 459 bytes: 34 and 9 in a page.
  expect((await read("9001", [[9_000, 5]])).ranges).toEqual([{ from: [7_608, 5], to: [10_392, 5] }]);
  expect((await read("9002", [[9_000, 5]])).ranges).toEqual([{ from: [8_235, 5], to: [9_765, 5] }]);
});

it("ends with the table", async () => {
  expect((await read("9002", [[10, 7]])).ranges).toEqual([{ from: [0, 5], to: [775, 5] }]);
  expect((await read("9002", [[ROWS + 3, 0]])).ranges).toEqual([{ from: [ROWS - 765, 5], to: [ROWS + 3, 0] }]);
});

it("joins neighbourhoods that overlap, and counts their rows once", async () => {
  const found = await read("9002", [
    [1_000, 5],
    [1_100, 5],
    [5_000, 5],
  ]);
  expect(found.ranges).toEqual([
    { from: [235, 5], to: [1_865, 5] },
    { from: [4_235, 5], to: [5_765, 5] },
  ]);
  // 1,631 and 1,531 rows of 459 bytes and 80 of indexes, in pages of which a third is in use.
  expect(Math.round(found.pages)).toBe(Math.round((3_162 * 3 * 539) / 4_092));
});

it("takes as many places as a transaction may have rows", async () => {
  const apart = Array.from({ length: 60 }, (_, n): Place => [200 + n * 300, 5]);
  expect((await read("9002", apart)).places).toHaveLength(17);
  const dense = Array.from({ length: 60 }, (_, n): Place => [1_000 + n, 5]);
  expect((await read("9002", dense)).places).toHaveLength(50);
});

it("takes few rows if they are large", async () => {
  const found = await read("9003", [
    [70, 5],
    [220, 5],
  ]);
  expect(found.places).toEqual([[70, 5]]);
  expect(found.ranges).toEqual([{ from: [10, 5], to: [130, 5] }]);
});
