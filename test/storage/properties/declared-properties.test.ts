import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import type { DeclaredProperty } from "../../../src/model/event/declared-property";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import {
  declareProperties,
  listProperties,
  listPropertiesAndPartitions,
  templatesOf,
} from "../../../src/storage/properties/declared-properties";
import { emptyDatabases } from "../empty-databases";
import { changedDatabase } from "../failing-database";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const TYPE = { category: "c", name: "n" };
const PATH: DeclaredProperty = { path: "path", kind: "text", template: "/p/:id" };
const PRICE: DeclaredProperty = { path: "price", kind: "number", template: null };

beforeEach(() => emptyDatabases(databases));

it("replaces the properties of a type, of which unchanged ones keep their number", async () => {
  const [path, price] = await declareProperties(first, TYPE, [PRICE, PATH], 1);
  expect([path?.path, price?.path]).toEqual(["path", "price"]);
  const changed = await declareProperties(first, TYPE, [PRICE, { ...PATH, template: null }], 2);
  expect(changed.find((one) => one.path === "price")).toEqual(price);
  expect(changed.find((one) => one.path === "path")).toMatchObject({ template: null, declared_at: 2 });
  expect(changed.find((one) => one.path === "path")?.property_id).not.toBe(path?.property_id);
  expect(await declareProperties(first, TYPE, [], 3)).toEqual([]);
});

it("leaves the properties of other types, and lists all by type and path", async () => {
  await declareProperties(first, { ...TYPE, name: "other" }, [PATH], 1);
  await declareProperties(first, TYPE, [PRICE, PATH], 1);
  await declareProperties(first, TYPE, [PRICE], 2);
  expect((await listProperties(first)).map(({ name, path }) => [name, path])).toEqual([
    ["n", "price"],
    ["other", "path"],
  ]);
});

it("lists all properties with the partition map in one call", async () => {
  await declareProperties(first, TYPE, [PRICE, PATH], 1);
  const { map } = await listPropertiesAndPartitions(first);
  let calls = 0;
  const database = changedDatabase(first, {
    batch: (statements) => {
      calls += 1;
      return first.binding.batch(statements);
    },
  });
  await listPropertiesAndPartitions(database);
  // An isolate that does not know the map reads it in a second call.
  expect(calls).toBe(2);
  const found = await listPropertiesAndPartitions(database);
  expect(calls).toBe(3);
  expect(found.declared).toEqual(await listProperties(first));
  expect(found.map.revision).toBe(map.revision);
});

it("gives the template of a property of a type", async () => {
  const templates = templatesOf(await declareProperties(first, TYPE, [PRICE, PATH], 1));
  expect([templates(TYPE, "path"), templates(TYPE, "price"), templates(TYPE, "none")]).toEqual(["/p/:id", null, null]);
  expect(templates({ ...TYPE, name: "other" }, "path")).toBeNull();
});
