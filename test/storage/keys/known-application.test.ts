import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { insertApplication } from "../../../src/storage/keys/applications";
import { isKnownApplication } from "../../../src/storage/keys/known-application";
import { emptyDatabases } from "../empty-databases";
import { errorRow, eventRow, store } from "../seed";

const databases = databasesOf(env);

beforeAll(async () => {
  await emptyDatabases(databases);
  await insertApplication(firstDatabase(databases), { name: "registered", createdAt: 1, origins: null }, []);
  await store(databases, {
    events: [eventRow({ application: "sent" })],
    errors: [errorRow({ application: "failed" })],
  });
});

it.each([
  ["registered", true],
  ["sent", true],
  ["failed", true],
  ["never", false],
])("knows an application by its registration, its events or its errors: %s", async (name, isKnown) => {
  expect(await isKnownApplication(databases, name)).toBe(isKnown);
});
