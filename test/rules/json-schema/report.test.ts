import { describe, expect, it } from "vitest";
import { WorkMeter } from "../../../src/model/work-meter";
import { cut, describe as describeValue, Place, Report, ReportFull } from "../../../src/rules/json-schema/report";
import { MAX_MESSAGE_CHARACTERS, MAX_PATH_CHARACTERS, MAX_SCHEMA_ISSUES } from "../../../src/rules/schema-limits";

const root = new Place(null, "");

describe("a place", () => {
  it("has a JSON pointer as its path", () => {
    expect(root.path).toBe("");
    expect(new Place(new Place(root, "a/b"), 7).path).toBe("/a~1b/7");
  });

  it("has the path of the nearest parent that fits if its own is too long", () => {
    const short = new Place(root, "short");
    const long = new Place(short, "x".repeat(MAX_PATH_CHARACTERS));
    expect([long.path, new Place(long, "below").path]).toEqual(["/short", "/short"]);
  });
});

describe("a report", () => {
  it("contains each failure once", () => {
    const report = new Report(new WorkMeter(1_000));
    report.add(root, "type", "expected null, found 1");
    report.add(root, "type", "expected null, found 1");
    report.add(new Place(root, "a"), "type", "expected null, found 1");
    expect(report.failings.map(({ path }) => path)).toEqual(["", "/a"]);
  });

  it("throws when the last allowed failure is added", () => {
    const report = new Report(new WorkMeter(10_000));
    const fill = () => {
      for (let index = 0; ; index++) report.add(new Place(root, index), "type", "wrong");
    };
    expect(fill).toThrow(ReportFull);
    expect(report.failings).toHaveLength(MAX_SCHEMA_ISSUES);
  });

  it("cuts messages, but never within a surrogate pair", () => {
    const report = new Report(new WorkMeter(1_000));
    report.add(root, "type", "\u{1f4a9}".repeat(MAX_MESSAGE_CHARACTERS));
    const [{ message } = { message: "" }] = report.failings;
    expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE_CHARACTERS);
    expect(message.isWellFormed()).toBe(true);
  });
});

it.each([
  ["text", '"text"'],
  [null, "null"],
  [[1, 2, 3], "an array of 3"],
  [{ secret: 1 }, "an object"],
  ["x".repeat(100), `"${"x".repeat(38)}…`],
])("a value %j is described as %s", (value, expected) => {
  expect(describeValue(value)).toBe(expected);
});

it("a text of the maximum length is not cut", () => {
  expect([cut("abc", 3), cut("abcd", 3)]).toEqual(["abc", "ab…"]);
});
