import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { deleteErrors } from "../../../src/compaction/retention/delete-errors";
import { databasesOf } from "../../../src/storage/core/databases";
import { emptyDatabases } from "../../storage/empty-databases";
import { errorRow, MINUTE, MORNING, store } from "../../storage/seed";

const databases = databasesOf(env);

beforeEach(async () => {
  await emptyDatabases(databases);
  const error = (id: string, application: string | null, minute: number) =>
    errorRow({ id, application, session: id, receivedAt: MORNING + minute * MINUTE });
  await store(databases, {
    errors: [
      error("old shop", "shop", 0),
      error("old", null, 0),
      error("old blog", "blog", 0),
      error("new shop", "shop", 1),
    ],
  });
});

async function left(): Promise<string[]> {
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare("SELECT id FROM errors").all<{ id: string }>()),
  );
  return found.flatMap(({ results }) => results.map(({ id }) => id)).sort();
}

it("deletes the errors of an application that were received before a time", async () => {
  expect(await deleteErrors(databases, { application: "shop", before: MORNING + MINUTE })).toEqual({
    ...{ rows: 1, bytes: 0, what: { errors_in_databases: 1 }, hasMore: false },
  });
  expect(await left()).toEqual(["new shop", "old", "old blog"]);
});

it("deletes the errors of all applications, and those that name none", async () => {
  expect(await deleteErrors(databases, { application: null, before: MORNING + MINUTE })).toMatchObject({ rows: 3 });
  expect(await left()).toEqual(["new shop"]);
});

it("reports nothing if nothing is old enough", async () => {
  expect(await deleteErrors(databases, { application: null, before: MORNING })).toMatchObject({ rows: 0, what: null });
});
