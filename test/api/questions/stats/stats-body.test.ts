import { describe, expect, it } from "vitest";
import { renderAccuracy, renderStats } from "../../../../src/api/questions/stats/stats-body";
import { parseMetric } from "../../../../src/model/questions/metric";
import type { Dimension } from "../../../../src/model/questions/stats-dimension";
import { TimeZone } from "../../../../src/model/time/time-zone";
import type { Accuracy, StatsAnswer } from "../../../../src/storage/questions/stats-answer";
import { HOUR, MORNING } from "../../../storage/seed";

const berlin = TimeZone.find("Europe/Berlin") ?? TimeZone.UTC;
const bounds = [MORNING, MORNING + HOUR, MORNING + 2 * HOUR];
const byPath: Dimension[] = [{ kind: "application" }, { kind: "property", property: { name: "path", path: ["path"] } }];

function answerOf(scale: number, accuracy: Accuracy = { exact: true }): StatsAnswer {
  return {
    groups: [{ texts: ["shop", null], total: 3 * scale, values: [scale, 2 * scale] }],
    other: { groups: 4, total: 5 * scale, values: [5 * scale, 0] },
    total: { total: 8 * scale, values: [6 * scale, 2 * scale] },
    accuracy,
  };
}

function render(
  changes: Partial<Parameters<typeof renderStats>[0]["asked"]>,
  accuracies: Accuracy[] = [{ exact: true }],
) {
  const metric = parseMetric("events");
  if (metric === null) throw new Error("events is no metric");
  const [current, compared] = accuracies;
  return renderStats({
    asked: { metric, interval: "hour", timezone: berlin, groupBy: byPath, ...changes },
    current: { bounds, answer: answerOf(1, current) },
    compared:
      compared === undefined
        ? null
        : { bounds: bounds.map((moment) => moment - 2 * HOUR), answer: answerOf(10, compared) },
    rowsRead: 7,
  });
}

describe("renderStats", () => {
  it("names each group by its dimensions, with a number for each bucket in the requested time zone", () => {
    expect(render({})).toEqual({
      ...{ metric: "events", interval: "hour", timezone: "Europe/Berlin", rows_read: 7, accuracy: { exact: true } },
      start: "2021-01-01T10:00:00+01:00",
      end: "2021-01-01T12:00:00+01:00",
      buckets: ["2021-01-01T10:00:00+01:00", "2021-01-01T11:00:00+01:00"],
      results: [{ application: "shop", "data.path": null, total: 3, values: [1, 2] }],
      other: { groups: 4, total: 5, values: [5, 0] },
      total: { total: 8, values: [6, 2] },
    });
  });

  it("has totals only, without buckets", () => {
    const { buckets, results, other, total } = render({ interval: "none" });
    expect({ buckets, results, other, total }).toEqual({
      buckets: undefined,
      results: [{ application: "shop", "data.path": null, total: 3 }],
      other: { groups: 4, total: 5 },
      total: { total: 8 },
    });
  });

  it("has no other groups if there is no grouping", () => {
    expect(render({ groupBy: [] })).not.toHaveProperty("other");
  });

  it("names the property of a metric", () => {
    const metric = parseMetric("p90:form.price") ?? undefined;
    expect(render(metric === undefined ? {} : { metric }).metric).toBe("p90:form.price");
  });

  it("shows the compared period beside each number", () => {
    const { comparison, results, other, total } = render({}, [{ exact: true }, { exact: true }]);
    expect(comparison).toMatchObject({ start: "2021-01-01T08:00:00+01:00", end: "2021-01-01T10:00:00+01:00" });
    expect(results[0]).toMatchObject({ total: 3, comparison: { total: 30, values: [10, 20] } });
    expect(other).toMatchObject({ total: 5, comparison: { total: 50 } });
    expect(total).toMatchObject({ total: 8, comparison: { total: 80 } });
  });

  it.each<[string, Accuracy, Accuracy, object]>([
    ["only the first is exact", { exact: true }, { exact: false, relative_error: 0.01 }, { relative_error: 0.01 }],
    ["only the second is exact", { exact: false, groups_folded: true }, { exact: true }, { groups_folded: true }],
    [
      "neither is exact",
      { exact: false, relative_error: 0.01, unreadable: [{ start: bounds[1] ?? 0, end: bounds[2] ?? 0 }] },
      { exact: false, groups_folded: true, unreadable: [{ start: MORNING - HOUR, end: MORNING }] },
      {
        ...{ relative_error: 0.01, groups_folded: true },
        unreadable: [
          { start: "2021-01-01T09:00:00+01:00", end: "2021-01-01T10:00:00+01:00" },
          { start: "2021-01-01T11:00:00+01:00", end: "2021-01-01T12:00:00+01:00" },
        ],
      },
    ],
  ])("combines the accuracy of both periods: %s", (_, current, compared, accuracy) => {
    expect(render({}, [current, compared]).accuracy).toEqual({ exact: false, ...accuracy });
  });
});

it("renderAccuracy leaves out what does not apply", () => {
  expect(renderAccuracy({ exact: true }, berlin)).toEqual({ exact: true });
  expect(renderAccuracy({ exact: false, relative_error: 0.02 }, berlin)).toEqual({
    exact: false,
    relative_error: 0.02,
  });
});
