import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { fenceStatement, raiseFences } from "../../../src/storage/erasures/erasure-fence";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);

beforeEach(() => emptyDatabases(databases));

const setRevision = (revision: number) =>
  first.binding.prepare("UPDATE revisions SET revision = ?1 WHERE name = 'erasures'").bind(revision).run();

/** Which databases accept a writer that knows this revision. */
async function accepting(revision: number): Promise<boolean[]> {
  return Promise.all(
    databases.map(({ binding }) =>
      binding.batch([fenceStatement(binding, revision)]).then(
        () => true,
        () => false,
      ),
    ),
  );
}

it("stops writers in every database that do not know the latest erasure", async () => {
  await setRevision(3);
  expect(await raiseFences(databases)).toBe(3);
  expect(await accepting(3)).toEqual([true, true, true]);
  expect(await accepting(4)).toEqual([true, true, true]);
  expect(await accepting(2)).toEqual([false, false, false]);
});

it("stops writers of other databases only once it was raised there", async () => {
  await setRevision(3);
  expect(await accepting(2)).toEqual([false, true, true]);
});

it("is never lowered", async () => {
  await setRevision(3);
  await raiseFences(databases);
  await setRevision(1);
  await raiseFences(databases);
  expect((await accepting(2)).slice(1)).toEqual([false, false]);
});

it("undoes the rest of a stopped transaction", async () => {
  await setRevision(1);
  const insert = first.binding.prepare("INSERT INTO property_sweep (id, hour, started_at) VALUES (1, 0, 0)");
  await expect(first.binding.batch([insert, fenceStatement(first.binding, 0)])).rejects.toThrow();
  expect(await first.binding.prepare("SELECT 1 FROM property_sweep").first()).toBeNull();
});
