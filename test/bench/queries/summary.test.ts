import { describe, expect, it } from "vitest";
import { type Answer, returnedIn } from "../../../bench/queries/measure.ts";
import { EVENTS, question } from "../../../bench/queries/questions/question.ts";
import { brokenOf, missesOf } from "../../../bench/queries/report.ts";
import { allowance, growthOf, summarise } from "../../../bench/queries/summary.ts";

const answer: Answer = {
  path: "/theeye/events",
  returned: 100,
  rowsRead: 101,
  statements: 1,
  d1Ms: [1, 2, 3],
  wallMs: [4],
  wholeTable: [],
  more: true,
};

function summaryOf(...answers: Partial<Answer>[]) {
  return summarise({ question: question("a list", []), answers: answers.map((one) => ({ ...answer, ...one })) });
}

describe("summarise", () => {
  it("uses the answer that exceeds the goal most", () => {
    expect(summaryOf({}, { rowsRead: 131 }, { rowsRead: 90 })).toMatchObject({ rowsRead: 131, meetsGoal: false });
    expect(summaryOf({}, { rowsRead: 130 })).toMatchObject({ meetsGoal: true, rowsReadPerRow: 231 / 200 });
  });

  it("computes growth from rows read per row returned, not from rows returned", () => {
    expect(growthOf(summaryOf({}), summaryOf({ returned: 200, rowsRead: 202 }))).toBe(1);
    expect(growthOf(summaryOf({}), summaryOf({ rowsRead: 202 }))).toBe(2);
    expect(growthOf(summaryOf({ returned: 0, rowsRead: 0 }), summaryOf({}))).toBeNull();
  });
});

it("computes the allowed rows of each goal", () => {
  expect(allowance({ kind: "list" }, 100)).toBe(130);
  expect(allowance({ kind: "cells" }, 24)).toBe(240);
  expect(allowance({ kind: "each", rows: 3, more: 20 }, 100)).toBe(320);
  expect(allowance({ kind: "bound", rows: 7 }, 100)).toBe(7);
  expect(allowance(EVENTS, 100)).toBe(3_700);
});

it("names missed goals, and fails only on limits that must hold", () => {
  expect(missesOf(summaryOf({}), summaryOf({}))).toEqual([]);
  const slow = summaryOf({ d1Ms: [11] });
  expect(missesOf(undefined, slow)).toEqual(["p95 11 ms, at most 10"]);
  expect(missesOf(undefined, { ...slow, mostD1P95Ms: 40 })).toEqual([]);
  expect(brokenOf(slow)).toEqual([]);
  expect(brokenOf(summaryOf({ rowsRead: 200 }))).toHaveLength(1);
  expect(brokenOf(summaryOf({ wholeTable: ["SCAN events"] }))).toHaveLength(1);
});

it("counts aggregate rows over time as returned, and other results as one each", () => {
  expect(returnedIn([{ events: 3 }, { events: 4 }])).toBe(2);
  expect(returnedIn([{ over_time: [0, 5, 0, 1] }])).toBe(2);
  expect(returnedIn([{ total: 5, values: [0, 5, 0] }, { total: 1 }])).toBe(4);
});
