import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { DimensionSchema, patternOf, StepSchema } from "../../../src/api/sequences/sequence-schemas";
import { ANY_EVENT } from "../../../src/model/questions/event-pattern";

describe("StepSchema", () => {
  it.each([
    ["every event", {}, true],
    ["a name of 64 characters", { name: "x".repeat(64) }, true],
    ["a name of 65 characters", { name: "x".repeat(65) }, false],
    ["an empty name", { name: "" }, false],
    ["an unknown member", { nme: "x" }, false],
    ["texts, numbers and booleans", { data: { path: ["/", 1, false] } }, true],
    ["100 values", { data: { path: Array(100).fill("/") } }, true],
    ["101 values", { data: { path: Array(101).fill("/") } }, false],
    ["no value", { data: { path: [] } }, false],
    ["a value of 500 characters", { data: { path: "x".repeat(500) } }, true],
    ["a value of 501 characters", { data: { path: "x".repeat(501) } }, false],
    ["null as a value", { data: { path: null } }, false],
    ["a malformed path", { data: { "a..b": 1 } }, false],
  ])("decides whether a step can have %s", (_, step, isValid) => {
    expect(v.is(StepSchema, step)).toBe(isValid);
  });
});

describe("patternOf", () => {
  it("matches any event without a step, and with an empty one", () => {
    expect(patternOf(undefined)).toEqual(ANY_EVENT);
    expect(patternOf({})).toEqual(ANY_EVENT);
  });

  it("compares numbers and booleans as text, and reads prefixes and exclusions", () => {
    const step = { category: "c", data: { "form.plan": [3, true], path: "not:/blog/*" } };
    expect(patternOf(v.parse(StepSchema, step))).toEqual({
      ...{ application: null, category: "c", name: null },
      data: [
        {
          path: ["form", "plan"],
          filter: {
            any: [
              { kind: "is", text: "3" },
              { kind: "is", text: "true" },
            ],
            none: [],
          },
        },
        { path: ["path"], filter: { any: [], none: [{ kind: "begins", text: "/blog/" }] } },
      ],
    });
  });
});

it.each([
  ["type", { kind: "type" }],
  ["application", { kind: "application" }],
  ["data.form.name", { kind: "property", path: ["form", "name"] }],
  ["data.", null],
  ["path", null],
  ["session", null],
])("reads the dimension %s", (text, dimension) => {
  const found = v.safeParse(DimensionSchema, text);
  expect(found.success ? found.output : null).toEqual(dimension);
});
