import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { missingTables } from "../../../src/storage/core/missing-tables";

const database = firstDatabase(databasesOf(env));

it("lists the tables of the migrations that a database lacks", async () => {
  expect(await missingTables(database)).toEqual([]);
  await database.binding.prepare("ALTER TABLE property_sweep RENAME TO renamed").run();
  expect(await missingTables(database)).toEqual(["property_sweep"]);
  await database.binding.prepare("ALTER TABLE renamed RENAME TO property_sweep").run();
});
