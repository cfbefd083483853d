import { describe, expect, it } from "vitest";
import { parseValueFilter } from "../../../src/model/event/property-value";
import {
  ANY_EVENT,
  admitsSource,
  type EventPattern,
  matchesPattern,
  pathsOf,
} from "../../../src/model/questions/event-pattern";

const source = { application: "shop", category: "page", name: "view" };
const valueAt = (path: readonly string[]) => ({ path: "/blog/1", "form.plan": "3" })[path.join(".")] ?? null;

const where = (path: string[], ...values: string[]): EventPattern["data"][number] => ({
  path,
  filter: parseValueFilter(values),
});

describe("a pattern", () => {
  it.each<[string, Partial<EventPattern>, boolean]>([
    ["that is empty", {}, true],
    ["of the event's type", { application: "shop", category: "page", name: "view" }, true],
    ["of another application", { application: "blog" }, false],
    ["of another category", { category: "form" }, false],
    ["of another name", { name: "click" }, false],
    ["of a prefix", { data: [where(["path"], "/blog/*")] }, true],
    ["of several values", { data: [where(["path"], "/", "/blog/1")] }, true],
    [
      "of two properties, one of which differs",
      { data: [where(["path"], "/blog/*"), where(["form", "plan"], "4")] },
      false,
    ],
    ["of a property that the event does not have", { data: [where(["other"], "*")] }, false],
    ["that excludes a value of such a property", { data: [where(["other"], "not:x")] }, true],
  ])("%s matches: %s", (_, pattern, isMatch) => {
    expect(matchesPattern({ ...ANY_EVENT, ...pattern }, source, valueAt)).toBe(isMatch);
  });

  it("admits a source that its properties may exclude later", () => {
    const pattern = { ...ANY_EVENT, name: "view", data: [where(["path"], "/nowhere")] };
    expect(admitsSource(pattern, source)).toBe(true);
    expect(admitsSource(pattern, { ...source, name: "click" })).toBe(false);
  });
});

it("pathsOf lists each path once, in the order of its first use", () => {
  const patterns = [
    { ...ANY_EVENT, data: [where(["b"], "1"), where(["a", "c"], "1")] },
    { ...ANY_EVENT, data: [where(["b"], "2")] },
  ];
  expect(pathsOf(patterns, [["a.c"], ["a", "c"]])).toEqual([["b"], ["a", "c"], ["a.c"]]);
});
