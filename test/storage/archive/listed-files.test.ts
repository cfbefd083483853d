import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { boundaryBehind, boundaryOf, nextFiles } from "../../../src/storage/archive/listed-files";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

/** Adds this many files of an hour. */
async function addFiles(hour: number, count: number): Promise<void> {
  await first.binding
    .prepare(
      `INSERT INTO archive_files (file_id, kind, object_key, partition_id, database, hour, generation, first_us, last_us, rows,
         bytes, footer_bytes, index_level, finished, created_at)
       WITH n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)
       SELECT ?1 * 1000 + n, 'events', ?1 || '-' || n, 1, 0, ?1, 0, 0, 0, 1, 1, 1, 0, 1, 0 FROM n`,
    )
    .bind(hour, count)
    .run();
}

const list = (order: "asc" | "desc") =>
  nextFiles(first, { kind: "events", partitions: null, order, first: 0, last: 36_000 });
const hoursOf = ({ files }: Awaited<ReturnType<typeof list>>) => [...new Set(files.map(({ file }) => file.hour))];

describe("the next files", () => {
  it("are all files, without a boundary, up to 48", async () => {
    await addFiles(0, 24);
    await addFiles(3_600, 24);
    const found = await list("asc");
    expect([found.files.length, found.boundary]).toEqual([48, null]);
  });

  it("end before the hour whose files are not all listed", async () => {
    await addFiles(0, 20);
    await addFiles(3_600, 20);
    await addFiles(7_200, 20);
    const up = await list("asc");
    expect([hoursOf(up), up.boundary]).toEqual([[0, 3_600], 7_200_000_000]);
    const down = await list("desc");
    expect([hoursOf(down), down.boundary]).toEqual([[7_200, 3_600], 3_599_999_999]);
  });

  it("are all files of the first hour if they alone are more than 48", async () => {
    await addFiles(3_600, 60);
    await addFiles(7_200, 1);
    const found = await list("asc");
    expect([found.files.length, hoursOf(found), found.boundary]).toEqual([60, [3_600], 7_200_000_000]);
  });
});

it.each([
  ["asc", 3_600_000_000, 7_200_000_000],
  ["desc", 7_199_999_999, 3_599_999_999],
] as const)("an hour begins and ends in the direction of the scan: %s", (order, start, end) => {
  expect([boundaryOf(3_600, order), boundaryBehind(3_600, order)]).toEqual([start, end]);
});
