import { expect, it } from "vitest";
import { templatedValues } from "../../../src/model/questions/templated-values";

const read = templatedValues([
  { category: "page", name: "view", path: "path", template: "/p/:id" },
  { category: "page", name: "view", path: "form.plan", template: "plan/:n" },
]);

const path = { name: "path", path: ["path"] };
const plan = { name: "form.plan", path: ["form", "plan"] };

function eventOf(values: Record<string, string>, type: { category?: string; name?: string } = {}) {
  return {
    source: { application: "shop", category: "page", name: "view", ...type },
    valueAt: (keys: readonly string[]) => values[keys.join(".")] ?? null,
  };
}

it.each([
  ["a value that matches its template", eventOf({ path: "/p/17" }), path, "/p/:id"],
  ["a value that does not match", eventOf({ path: "/q/17" }), path, "/q/17"],
  ["a value of a nested property", eventOf({ "form.plan": "plan/3" }), plan, "plan/:n"],
  ["the same value of another property", eventOf({ path: "plan/3" }), path, "plan/3"],
  ["the same value of another type", eventOf({ path: "/p/17" }, { name: "click" }), path, "/p/17"],
  ["the same value of another category", eventOf({ path: "/p/17" }, { category: "form" }), path, "/p/17"],
  ["a missing value", eventOf({}), path, null],
])("reads %s", (_, event, property, text) => {
  expect(read(event, property)).toBe(text);
});
