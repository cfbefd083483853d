import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { nextPlaces } from "../../../../src/storage/erasures/scrub/erased-places";
import { leftoverStatements } from "../../../../src/storage/erasures/scrub/leftovers";
import { emptyDatabases } from "../../empty-databases";

const databases = databasesOf(env);
const database = firstDatabase(databases);
const { binding } = database;

beforeEach(() => emptyDatabases(databases));

it.each([
  ["events_12l", [0, 0]],
  ["errors", [0]],
  ["error_parts", [""]],
])("records one place for %s, that pages are free, and the size of the database", async (table, place) => {
  await binding.batch(await leftoverStatements(database, [table]));
  await binding.batch(await leftoverStatements(database, [table]));
  expect(await nextPlaces(database)).toEqual({ table, places: [place] });
  const { results, meta } = await binding.prepare("SELECT peak_bytes AS peak FROM free_space").all<{ peak: number }>();
  expect(results[0]?.peak).toBeGreaterThanOrEqual(meta.size_after);
  const frees = "SELECT frees - overwritten AS n FROM free_space";
  expect(await binding.prepare(frees).first("n")).toBe(2);
});
