import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { nextPlaces } from "../../../../src/storage/erasures/scrub/erased-places";
import { leftoverStatements } from "../../../../src/storage/erasures/scrub/leftovers";
import { emptyDatabases } from "../../empty-databases";

const databases = databasesOf(env);
const { binding } = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

it.each([
  ["events_12l", [0, 0]],
  ["errors", [0]],
  ["error_parts", [""]],
])("records one place for %s, and that pages are free", async (table, place) => {
  await binding.batch(leftoverStatements(binding, table));
  await binding.batch(leftoverStatements(binding, table));
  expect(await nextPlaces({ index: 0, binding })).toEqual({ table, places: [place] });
  const frees = "SELECT frees - overwritten AS n FROM free_space";
  expect(await binding.prepare(frees).first("n")).toBe(2);
});
