import { expect, it } from "vitest";
import { parseValueFilter } from "../../../src/model/event/property-value";
import { createValueReader, passes, propertiesOf } from "../../../src/storage/questions/stats-question";

const path = { name: "path", path: ["path"] };
const price = { name: "price", path: ["price"] };
const TYPE = { category: "c", name: "n" };

it("reads each property of a query once", () => {
  const asked = propertiesOf({
    metric: { kind: "sum", property: price },
    groupBy: [{ kind: "application" }, { kind: "property", property: path }],
    filter: { category: null, name: null, applications: null },
    properties: [
      { property: path, ...parseValueFilter(["/"]) },
      { property: price, ...parseValueFilter(["1"]) },
    ],
  });
  expect(asked.map(({ name }) => name)).toEqual(["price", "path"]);
});

it("reads values as texts, under the template of their type", () => {
  const templates = ({ name }: { name: string }) => (name === "n" ? "/p/:id" : null);
  const read = createValueReader([path, price], templates);
  expect(read(TYPE, ["/p/17", null], path)).toBe("/p/:id");
  expect(read({ ...TYPE, name: "other" }, ["/p/17", null], path)).toBe("/p/17");
  expect(read(TYPE, ["/p/17", 1.5], price)).toBe("1.5");
  expect(read(TYPE, ["/p/17", null], price)).toBeNull();
});

it("passes events whose values pass every filter", () => {
  const filters = [
    { property: path, ...parseValueFilter(["/a", "/b"]) },
    { property: price, ...parseValueFilter(["1"]) },
  ];
  const values =
    (own: Record<string, string | null>) =>
    ({ name }: { name: string }) =>
      own[name] ?? null;
  expect(passes(filters, values({ path: "/b", price: "1" }))).toBe(true);
  expect(passes(filters, values({ path: "/b", price: "2" }))).toBe(false);
  expect(passes(filters, values({ price: "1" }))).toBe(false);
  expect(passes([], values({}))).toBe(true);
});
