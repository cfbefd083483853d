import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { day, funnel, post, rows, seedVisits, steps } from "./visits";

beforeAll(seedVisits);

describe("POST /theeye/funnels", () => {
  it("counts who completes each step, with shares and times", async () => {
    const { rows_read: rowsRead, ...answer } = await funnel({ steps });
    expect(answer).toEqual({
      start: "2021-01-01T00:00:00+00:00",
      end: "2021-01-02T00:00:00+00:00",
      steps: [
        { count: 60, share_of_first: 1, share_of_previous: 1 },
        { count: 30, share_of_first: 0.5, share_of_previous: 0.5, seconds_from_previous: { p50: 0, p90: 0 } },
        {
          ...{ count: 10, share_of_first: 0.166667, share_of_previous: 0.333333 },
          seconds_from_previous: { p50: 60, p90: 60 },
        },
      ],
      accuracy: { exact: true },
    });
    expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThan(2 * rows.length + 100);
  });

  it("applies the limit on the time from the first step to the last", async () => {
    const counts = async (seconds: number) =>
      (await funnel({ steps, within_seconds: seconds })).steps.map(({ count }) => count);
    expect(await counts(59.999)).toEqual([60, 30, 0]);
    expect(await counts(60)).toEqual([60, 30, 10]);
  });

  it("follows a visitor over sessions, and groups by the first step", async () => {
    const perVisitor = await funnel({ steps: [steps[0], steps[2]], per: "visitor" });
    expect(perVisitor.steps.map(({ count }) => count)).toEqual([20, 10]);
    const { groups } = await funnel({ steps: [steps[0], steps[1]], group_by: "application" });
    expect(groups?.map(({ group, steps: own }) => [group, ...own.map(({ count }) => count)])).toEqual([
      ["blog", 30, 0],
      ["shop", 30, 30],
    ]);
  });

  it("accepts values that are numbers, lists, prefixes and exclusions", async () => {
    const count = async (data: unknown) => (await funnel({ steps: [{ data }, {}] })).steps[0]?.count;
    expect(await count({ plan: 3 })).toBe(10);
    expect(await count({ path: ["/blog/0", "/blog/1"] })).toBe(20);
    expect(await count({ path: "not:/" })).toBe(30);
  });

  it.each([
    [{}, "steps", "The member steps is not valid: it is missing."],
    [{ steps: [{}] }, "steps", "The member steps is not valid: expected 2 to 8 steps."],
    [{ steps: [{}, { nme: "x" }] }, "steps.1.nme", "The member steps.1.nme is not valid: it is unknown."],
    [{ steps: [{}, { data: { "a..b": "x" } }] }, "steps.1.data.a..b", /keys joined by dots/],
    [{ steps: [{}, { data: { path: [{}] } }] }, "steps.1.data.path", /a value/],
    [{ steps, within_seconds: -1 }, "within_seconds", /from 0 to 31622400/],
    [{ steps, group_by: "path" }, "group_by", /such as data\.path/],
    [{ steps, timezone: "Mars" }, "timezone", /such as Europe\/Berlin/],
    [{ steps, per: "page" }, "per", /expected session or visitor/],
    [{ steps, start_date: "2021-01-02" }, "start_date", /not after end_date/],
    [
      { steps: Array.from({ length: 3 }, (_, n) => ({ data: { [`a${n}`]: 1, [`b${n}`]: 1, [`c${n}`]: 1 } })) },
      "steps",
      /at most 8 different properties/,
    ],
  ])("explains what is wrong with %j", async (body, parameter, detail) => {
    const response = await post("/theeye/funnels", { ...day, ...body });
    const problem = v.parse(
      v.object({ code: v.string(), parameter: v.string(), detail: v.string() }),
      await response.json(),
    );
    expect(response.status).toBe(400);
    expect(problem).toMatchObject({ code: "invalid_parameter", parameter });
    expect(problem.detail).toMatch(detail);
  });
});
