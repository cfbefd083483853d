import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import type { DeclaredProperty } from "../../../src/model/event/declared-property";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { declareProperties, listProperties, templatesOf } from "../../../src/storage/properties/declared-properties";
import { emptyDatabases } from "../empty-databases";

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

it("gives the template of a property of a type", async () => {
  const templates = templatesOf(await declareProperties(first, TYPE, [PRICE, PATH], 1));
  expect([templates(TYPE, "path"), templates(TYPE, "price"), templates(TYPE, "none")]).toEqual(["/p/:id", null, null]);
  expect(templates({ ...TYPE, name: "other" }, "path")).toBeNull();
});
