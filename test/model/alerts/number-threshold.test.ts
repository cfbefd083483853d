import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { AboveSchema, BelowSchema, ChangeSchema, reachesNumber } from "../../../src/model/alerts/number-threshold";

const measured = (value: number | null, usual: number | null = null) => ({ value, usual });

describe("reachesNumber", () => {
  const above = v.parse(AboveSchema, { metric: "events", above: 10 });
  const below = v.parse(BelowSchema, { metric: "avg:price", below: 10 });

  it("needs more than `above` and less than `below`", () => {
    expect([9, 10, 11].map((value) => reachesNumber(above, measured(value)))).toEqual([false, false, true]);
    expect([9, 10, 11].map((value) => reachesNumber(below, measured(value)))).toEqual([true, false, false]);
  });

  it("is never reached without a number", () => {
    expect(reachesNumber(below, measured(null))).toBe(false);
  });

  it.each<["up" | "down" | "any", boolean[]]>([
    ["up", [false, false, false, true]],
    ["down", [true, false, false, false]],
    ["any", [true, false, false, true]],
  ])("compares 10, 11, 29 and 30 with 20, by half: %s", (direction, expected) => {
    const change = v.parse(ChangeSchema, { metric: "events", change: 0.5, direction });
    expect([10, 11, 29, 30].map((value) => reachesNumber(change, measured(value, 20)))).toEqual(expected);
  });

  it("compares with the size of a negative number", () => {
    const change = v.parse(ChangeSchema, { metric: "sum:balance", change: 0.5, direction: "down", at_least: -100 });
    expect(reachesNumber(change, measured(-15, -10))).toBe(true);
    expect(reachesNumber(change, measured(-14, -10))).toBe(false);
  });

  it.each([
    ["nothing is usual", null],
    ["too little is usual", 4],
    ["zero is usual", 0],
  ])("is not reached by a change if %s", (_, usual) => {
    const change = v.parse(ChangeSchema, { metric: "events", change: 0.1, at_least: usual === 0 ? 0 : 5 });
    expect(reachesNumber(change, measured(1_000, usual))).toBe(false);
  });
});

describe("the thresholds of numbers", () => {
  it("take the name of a time zone", () => {
    const isValid = (timezone: string) => v.is(ChangeSchema, { metric: "events", change: 1, timezone });
    expect(["Europe/Berlin", "+05:30", "Mars/Base", ""].map(isValid)).toEqual([true, true, false, false]);
  });

  it("compare with four weeks, in both directions, if at least one is usual, unless told otherwise", () => {
    expect(v.parse(ChangeSchema, { metric: "events", change: 1 })).toMatchObject({
      ...{ direction: "any", weeks: 4, at_least: 1 },
    });
  });

  const properties = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, ["x"]]));

  it.each([
    [{ above: 1 }, true],
    [{ above: Number.POSITIVE_INFINITY }, false],
    [{ above: 1, metric: "p95:price" }, false],
    [{ above: 1, data: properties(4) }, true],
    [{ above: 1, data: properties(5) }, false],
    [{ above: 1, data: { "a..b": ["x"] } }, false],
    [{ above: 1, data: { a: [] } }, false],
    [{ above: 1, data: { a: Array(101).fill("x") } }, false],
    [{ above: 1, below: 2 }, false],
  ])("accept %j: %s", (threshold, isValid) => {
    expect(v.is(AboveSchema, { metric: "events", ...threshold })).toBe(isValid);
  });
});
