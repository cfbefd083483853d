import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { SessionIndexBuilder } from "../../../src/storage/archive/file/session-index";
import { addIndex, findInIndex, removeIndexStatement } from "../../../src/storage/archive/index-store";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const HOUR = 7_200;
const ALWAYS = { first: 0, last: Number.MAX_SAFE_INTEGER };

beforeEach(() => emptyDatabases(databases));

/** Indexes names, each in the row group of its number. */
async function index(id: number, hour: number, names: readonly string[]): Promise<number> {
  const builder = new SessionIndexBuilder();
  for (const [n, name] of names.entries()) builder.add(name, n % 60);
  const built = builder.build();
  await addIndex(first, { id, hour }, built);
  return built.level;
}

const filesFor = async (name: string, hours = ALWAYS) =>
  (await findInIndex(first, [name], hours)).map(({ fileId }) => fileId).sort();

it("finds files by name, with the place of the name and its row groups", async () => {
  await index(1, HOUR, ["a", "b"]);
  await index(2, HOUR, ["x", "y", "b"]);
  const found = await findInIndex(first, ["none", "b"], ALWAYS);
  expect(found.sort((a, b) => a.fileId - b.fileId)).toEqual([
    { place: 1, fileId: 1, groups: { first: 1, last: 1 } },
    { place: 1, fileId: 2, groups: { first: 2, last: 2 } },
  ]);
  expect(await findInIndex(first, [], ALWAYS)).toEqual([]);
});

it("finds files of the given hours only, both ends included", async () => {
  for (const [n, hour] of [0, HOUR, 2 * HOUR].entries()) await index(n, hour, ["a"]);
  expect(await filesFor("a", { first: HOUR, last: HOUR })).toEqual([1]);
  expect(await filesFor("a", { first: 0, last: HOUR })).toEqual([0, 1]);
});

it("adds a file once when it is repeated", async () => {
  await index(1, HOUR, ["a"]);
  await index(1, HOUR, ["a"]);
  expect(await filesFor("a")).toEqual([1]);
});

it("removes all entries of one file and no others", async () => {
  const names = Array.from({ length: 300 }, (_, n) => `session-${n}`);
  const indexLevel = await index(1, HOUR, names);
  await index(2, HOUR, names);
  expect(indexLevel).toBeGreaterThan(0);
  await removeIndexStatement(first, { id: 1, hour: HOUR, indexLevel }).run();
  const left = await first.binding.prepare("SELECT DISTINCT file_id AS id FROM archive_index").all<{ id: number }>();
  expect(left.results).toEqual([{ id: 2 }]);
});

it("adds an index that is too large for one statement", async () => {
  const names = Array.from({ length: 90_000 }, (_, n) => `session-${n}`);
  await index(1, HOUR, names);
  expect([await filesFor("session-0"), await filesFor("session-89999")]).toEqual([[1], [1]]);
});
