import { describe, expect, it } from "vitest";
import { type AnalystAnswer, allowedRows, numbersIn } from "../../../../bench/queries/analysts/ask-analysts.ts";
import { analystReport, brokenAnswers, missedBy } from "../../../../bench/queries/analysts/report-analysts.ts";

const answer: AnalystAnswer = {
  name: "top paths",
  elsewhere: "paths of a day",
  how: "at once",
  numbers: 10,
  rowsRead: 100,
  ms: [12, 18],
  d1Ms: [2, 1],
  goal: { kind: "per number", rows: 10 },
  held: { kind: "per number", rows: 10 },
  mostMs: 20,
  answer: "5",
};

it("counts the numbers of an answer, without intervals and its own cost", () => {
  const body = {
    results: [{ "data.path": "/", total: 3, values: [1, 2], interval_95: [2, 4] }],
    total: { total: 3 },
    accuracy: { exact: false, sampled: 0.5 },
    rows_read: 7,
  };
  expect(numbersIn(body)).toBe(4);
  expect(numbersIn({ steps: [{ count: 2, share_of_first: 1, share_of_first_interval_95: [0, 1] }] })).toBe(2);
});

it("allows rows for each number, or in all", () => {
  expect(allowedRows({ kind: "per number", rows: 10 }, 3)).toBe(30);
  expect(allowedRows({ kind: "per number", rows: 10 }, 0)).toBe(10);
  expect(allowedRows({ kind: "in all", rows: 7 }, 3)).toBe(7);
});

describe("goals", () => {
  it("are met up to the limits, and missed beyond them", () => {
    expect(missedBy(answer)).toEqual([]);
    expect(missedBy({ ...answer, rowsRead: 101 })).toEqual(["reads 101 rows, at most 100"]);
    expect(missedBy({ ...answer, ms: [12, 21] })).toEqual(["p95 21 ms, at most 20 ms"]);
    expect(missedBy({ ...answer, how: "refused", numbers: null })).toEqual(["refused: too many events"]);
  });

  it("fail only by counts, and by an unexpected refusal", () => {
    expect(brokenAnswers([answer, { ...answer, ms: [500] }])).toEqual([]);
    expect(brokenAnswers([{ ...answer, rowsRead: 101 }])).toHaveLength(1);
    expect(brokenAnswers([{ ...answer, rowsRead: 101, held: { kind: "in all", rows: 200 } }])).toEqual([]);
    expect(brokenAnswers([{ ...answer, how: "refused", numbers: null }])).toHaveLength(1);
  });
});

it("shows the other layouts beside The Eye, and their answers", () => {
  const machine = { cores: 2, cpu: "a CPU", memoryGb: 8, node: "v26", workerd: "1", miniflare: "1" };
  const cost = { rowsRead: 12_345, ms: [2_500], answer: "5" };
  const others = { Umami: { "paths of a day": cost } };
  const text = analystReport(
    machine,
    [{ events: 100, answers: [answer], bytesPerEvent: { Umami: 500.4 }, others }],
    [0, 1],
  );
  expect(text).toContain("| top paths | at once | 10 | 100 | 18 ms (2.0 ms) | met | 12,345 | 2.5 s |");
  expect(text).toContain("| top paths | 5 | 5 |");
  expect(text).toContain("Umami 500");
});
