import { describe, expect, it } from "vitest";
import { payloadPasses } from "../../../src/model/questions/payload-filter";
import type { PropertyFilter } from "../../../src/model/questions/stats-dimension";

const is = (text: string) => ({ kind: "is" as const, text });

function filter(path: string[], any: string[], none: string[] = []): PropertyFilter {
  return { property: { name: path.join("."), path }, any: any.map(is), none: none.map(is) };
}

const PAYLOAD = { path: "/p/17", form: { plan: "pro", size: 3 }, list: ["pro"], "": { plan: "empty key" } };

describe("a payload passes", () => {
  it.each([
    ["without filters", []],
    ["if it has a wanted value", [filter(["path"], ["/", "/p/17"])]],
    ["if a nested value is wanted", [filter(["form", "plan"], ["pro"])]],
    ["if a number is wanted as a text", [filter(["form", "size"], ["3"])]],
    ["if it has no excluded value", [filter(["path"], [], ["/other"]), filter(["missing"], [], ["x"])]],
    ["if it passes all filters", [filter(["path"], ["/p/17"]), filter(["form", "plan"], ["pro"], ["free"])]],
  ])("%s", (_, filters) => {
    expect(payloadPasses(PAYLOAD, filters)).toBe(true);
  });
});

describe("a payload fails", () => {
  it.each([
    ["if its value is another", [filter(["path"], ["/p/18"])]],
    ["if it lacks the property", [filter(["form", "missing"], ["pro"])]],
    ["if its value is excluded", [filter(["form", "plan"], [], ["pro"])]],
    ["if it fails one of several filters", [filter(["path"], ["/p/17"]), filter(["form", "plan"], ["free"])]],
    ["if the path leads through a list", [filter(["list", "0"], ["pro"])]],
    ["if the path leads through a text", [filter(["path", "length"], ["5"])]],
    ["if only the prototype has the property", [filter(["constructor", "name"], ["Object"])]],
  ])("%s", (_, filters) => {
    expect(payloadPasses(PAYLOAD, filters)).toBe(false);
  });

  it.each([null, "text", 17, ["pro"]])("if it is no object: %j", (payload) => {
    expect(payloadPasses(payload, [filter(["plan"], ["pro"])])).toBe(false);
  });
});
