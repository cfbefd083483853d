import { expect, it } from "vitest";
import { dimensionText, pathsOfDimension, type QuestionDimension } from "../../../src/model/questions/dimension";

const source = { application: "shop", category: "page interaction", name: "pageview" };
const valueAt = (path: readonly string[]) => (path.join(".") === "form.plan" ? "3" : null);

it.each<[QuestionDimension, string]>([
  [{ kind: "application" }, "shop"],
  [{ kind: "category" }, "page interaction"],
  [{ kind: "name" }, "pageview"],
  [{ kind: "type" }, "page interaction / pageview"],
  [{ kind: "property", path: ["form", "plan"] }, "3"],
  [{ kind: "property", path: ["form"] }, "(none)"],
])("groups an event by %j as %s", (dimension, text) => {
  expect(dimensionText(dimension, source, valueAt)).toBe(text);
});

it("only a property has to be read", () => {
  expect(pathsOfDimension({ kind: "property", path: ["a"] })).toEqual([["a"]]);
  expect(pathsOfDimension({ kind: "type" })).toEqual([]);
  expect(pathsOfDimension(null)).toEqual([]);
});
