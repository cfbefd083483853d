import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ArchiveFile } from "../../../src/storage/archive/file/archive-file";
import {
  addFileStatement,
  filesByHour,
  filesById,
  filesInHours,
  filesOfApplication,
  markFinished,
  noteApplications,
  unfinishedFiles,
} from "../../../src/storage/archive/manifest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);

function fileOf(id: number, changes: Partial<ArchiveFile> = {}): ArchiveFile {
  return {
    ...{ id, kind: "events", key: `file-${id}`, partition: 1, database: 0, hour: 0, generation: 0 },
    ...{ first: 1, last: 2, rows: 3, bytes: 4, footerBytes: 5, indexLevel: 6, applications: ["shop"], finished: true },
    ...changes,
  };
}

/** Three hours, two partitions, both kinds. */
const FILES = [
  fileOf(1, { hour: 0, partition: 1 }),
  fileOf(2, { hour: 3_600, partition: 1, applications: null }),
  fileOf(3, { hour: 3_600, partition: 2, applications: ["blog"] }),
  fileOf(4, { hour: 7_200, partition: 2, finished: false }),
  fileOf(5, { hour: 3_600, partition: 0, kind: "errors" }),
];

const idsOf = (files: ArchiveFile[]) => files.map(({ id }) => id);

beforeEach(async () => {
  await emptyDatabases(databases);
  for (const [n, file] of FILES.entries()) await addFileStatement(first, file, { now: 100 - n }).run();
});

describe("files by hour", () => {
  const ALL = { kind: "events", partitions: null, first: 0, last: 7_200, order: "asc", limit: 10 } as const;

  it.each([
    ["of all partitions, oldest first", {}, [1, 2, 3, 4]],
    ["newest first", { order: "desc" as const }, [4, 3, 2, 1]],
    ["up to a limit", { limit: 2 }, [1, 2]],
    ["of a partition", { partitions: [2] }, [3, 4]],
    ["of no partition", { partitions: [] }, []],
    ["of one hour", { first: 3_600, last: 3_600 }, [2, 3]],
    ["of the other kind", { kind: "errors" as const }, [5]],
  ])("%s", async (_, changes, expected) => {
    expect(idsOf(await filesByHour(first, { ...ALL, ...changes }))).toEqual(expected);
  });

  it("are returned as they were added", async () => {
    expect(await filesByHour(first, ALL)).toEqual([FILES[0], FILES[1], FILES[2], FILES[3]]);
  });
});

it.each([
  ["of several hours", [0, 7_200], null, [1, 4]],
  ["of an hour and a partition", [3_600], [1], [2]],
  ["of no hour", [], null, []],
])("returns the files %s", async (_, hours, partitions, expected) => {
  expect(idsOf(await filesInHours(first, { kind: "events", hours, partitions })).sort()).toEqual(expected);
});

it("returns the files that hold or may hold rows of an application", async () => {
  const find = (application: string, last: number) =>
    filesOfApplication(first, { kind: "events", application, last, limit: 10 });
  expect(idsOf(await find("shop", 7_200))).toEqual([1, 2, 4]);
  expect(idsOf(await find("blog", 7_200))).toEqual([2, 3]);
  expect(idsOf(await find("shop", 3_600))).toEqual([1, 2]);
});

it("returns files by number", async () => {
  expect(idsOf(await filesById(first, [3, 99, 5])).sort()).toEqual([3, 5]);
  expect(await filesById(first, [])).toEqual([]);
});

it("returns unfinished files in the order in which they were added, until they are finished", async () => {
  const earlier = fileOf(6, { finished: false });
  await addFileStatement(first, earlier, { now: 1 }).run();
  expect(idsOf(await unfinishedFiles(first, 9))).toEqual([6, 4]);
  expect(idsOf(await unfinishedFiles(first, 1))).toEqual([6]);
  await markFinished(first, earlier);
  expect(idsOf(await unfinishedFiles(first, 9))).toEqual([4]);
});

describe("adding a file", () => {
  it("changes nothing if it exists", async () => {
    await addFileStatement(first, fileOf(1, { rows: 99 }), { now: 1 }).run();
    expect(await filesById(first, [1])).toEqual([FILES[0]]);
  });

  it.each([
    ["holds", 1, 1],
    ["does not hold", 98, 0],
  ])("adds it only if the condition holds: it %s", async (_, required, added) => {
    const condition = { sql: "EXISTS (SELECT 1 FROM archive_files WHERE file_id = ?17)", params: [required] };
    await addFileStatement(first, fileOf(7), { now: 1, condition }).run();
    expect(await filesById(first, [7])).toHaveLength(added);
  });
});

it("records the applications of a file", async () => {
  await noteApplications(first, fileOf(2), ["blog", "shop"]);
  expect((await filesById(first, [2]))[0]?.applications).toEqual(["blog", "shop"]);
});
