import { describe, expect, it } from "vitest";
import { renderSessionStats } from "../../../../src/api/questions/stats/session-stats-body";
import type { SessionDimension } from "../../../../src/model/questions/sessions/session-dimension";
import { TimeZone } from "../../../../src/model/time/time-zone";
import type { SessionLine, SessionStatsAnswer } from "../../../../src/storage/questions/session-stats";
import { HOUR, MORNING } from "../../../storage/seed";

const counted = (total: number, values: number[]) => ({ total, values });

const line: SessionLine = {
  sessions: counted(3, [1, 2]),
  visitors: counted(2, [1, 1]),
  bounces: counted(1, [0, 1]),
  events: counted(8, [4, 4]),
  durations: {
    total: { mean: 1 / 3, p50: 0.1, p90: 2 },
    values: [
      { mean: 2, p50: 2, p90: 2 },
      { mean: null, p50: null, p90: null },
    ],
  },
};

const none: SessionLine = {
  ...{ sessions: counted(0, [0, 0]), visitors: counted(0, [0, 0]), bounces: counted(0, [0, 0]) },
  ...{ events: counted(0, [0, 0]), durations: { total: { mean: null, p50: null, p90: null }, values: [] } },
};

function render(
  changes: Partial<SessionStatsAnswer>,
  dimension: SessionDimension | null,
  interval: "hour" | "none",
  hasArchived = false,
) {
  return renderSessionStats(
    {
      groups: [{ ...line, texts: ["a", "b"] }],
      other: { ...none, groups: 0 },
      total: line,
      unreadable: [],
      ...changes,
    },
    {
      interval,
      timezone: TimeZone.UTC,
      bounds: [MORNING, MORNING + HOUR, MORNING + 2 * HOUR],
      metrics: null,
      ...{ dimension, hasArchived, rowsRead: null },
    },
  );
}

describe("renderSessionStats", () => {
  it("rounds durations to the microsecond, and has a number for each bucket", () => {
    const { total, buckets, rows_read: rowsRead } = render({}, null, "hour");
    expect(total).toEqual({
      sessions: counted(3, [1, 2]),
      visitors: counted(2, [1, 1]),
      bounces: counted(1, [0, 1]),
      duration_seconds: {
        ...{ mean: 0.333333, p50: 0.1, p90: 2 },
        values: [
          { mean: 2, p50: 2, p90: 2 },
          { mean: null, p50: null, p90: null },
        ],
      },
      events: counted(8, [4, 4]),
      events_per_session: 8 / 3,
    });
    expect(buckets).toEqual(["2021-01-01T09:00:00+00:00", "2021-01-01T10:00:00+00:00"]);
    expect(rowsRead).toBeNull();
  });

  it("says how near percentiles are, and how to get visitors that are missing", () => {
    const lacking = { ...line, visitors: { total: null, values: [null, null] } };
    const changes = { total: lacking, percentilesError: 0.01, visitorShare: null };
    const { accuracy, total } = render(changes, null, "hour");
    expect(accuracy).toEqual({ exact: true, percentiles_relative_error: 0.01, visitors_need: "accuracy=exact" });
    expect(total.visitors).toEqual({ total: null, values: [null, null] });
    expect(render(changes, null, "hour", true).accuracy.visitors_need).toBe("a later start_date");
  });

  it("has intervals of visitors whose number is estimated", () => {
    const intervals = {
      total: [20, 30],
      values: [
        [10, 14],
        [9, 12],
      ],
    } as SessionLine["visitors"]["intervals"];
    const estimated = {
      ...line,
      visitors: { ...counted(24, [12, 10]), ...(intervals === undefined ? {} : { intervals }) },
    };
    const { accuracy, total } = render({ total: estimated, visitorShare: 0.5 }, null, "hour");
    expect(accuracy).toEqual({ exact: false, visitors_sampled: 0.5 });
    expect(total.visitors).toEqual({
      ...{ total: 24, interval_95: [20, 30], values: [12, 10] },
      values_interval_95: [
        [10, 14],
        [9, 12],
      ],
    });
    const whole = render({ total: estimated, visitorShare: 0.5 }, null, "none").total.visitors;
    expect(whole).toEqual({ total: 24, interval_95: [20, 30] });
    expect(render({ visitorShare: 1 }, null, "none").accuracy).toEqual({ exact: true });
  });

  it("has totals only, without buckets", () => {
    const { total, buckets } = render({}, null, "none");
    expect(total).toMatchObject({ sessions: { total: 3 }, duration_seconds: { mean: 0.333333 } });
    expect(JSON.stringify(total)).not.toContain("values");
    expect(buckets).toBeUndefined();
  });

  it.each<[string, SessionDimension, object]>([
    ["the application", "application", { application: "a" }],
    ["the type of the first event", { edge: "entry", by: null }, { entry: { category: "a", name: "b" } }],
    ["a property of the last event", { edge: "exit", by: { name: "path", path: ["path"] } }, { exit: "a" }],
  ])("names a group by %s, and shows the other groups", (_, dimension, group) => {
    const { results, other } = render({}, dimension, "none");
    expect(results[0]).toMatchObject(group);
    expect(other).toMatchObject({ groups: 0, sessions: { total: 0 }, events_per_session: null });
  });

  it("has neither a name nor other groups without a dimension", () => {
    const { results, other } = render({}, null, "none");
    expect(Object.keys(results[0] ?? {})).not.toContain("application");
    expect(other).toBeUndefined();
  });

  it("lists the ranges whose events are no longer kept", () => {
    const { accuracy } = render({ unreadable: [{ start: MORNING, end: MORNING + HOUR }] }, null, "none");
    expect(accuracy).toEqual({
      exact: false,
      unreadable: [{ start: "2021-01-01T09:00:00+00:00", end: "2021-01-01T10:00:00+00:00" }],
    });
    expect(render({}, null, "none").accuracy).toEqual({ exact: true });
  });
});
