import { env } from "cloudflare:workers";
import fc from "fast-check";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { SessionStatsResponse } from "../../../../src/api/questions/stats/session-stats-body";
import { databasesOf } from "../../../../src/storage/core/databases";
import { rollUpSessions } from "../../../../src/storage/session-counts/roll-up-sessions";
import { emptyDatabases } from "../../../storage/empty-databases";
import { DAY, eventRow, HOUR, MINUTE, store } from "../../../storage/seed";
import { ask } from "../../reading-app";
import { WholeSessionStats } from "./whole-session-stats";

const databases = databasesOf(env);
const START = Date.parse("2021-03-01T00:00:00Z") * 1_000;
const DAYS = 31;

const anyRow = fc.record({
  session: fc.nat({ max: 300 }).map((n) => `s${n}`),
  application: fc.constantFrom("shop", "blog"),
  occurredAt: fc.tuple(fc.nat({ max: DAYS * 6 - 1 }), fc.nat({ max: 59 })).map(([n, minute]) => {
    return START + 4 * n * HOUR + minute * MINUTE;
  }),
});

async function stats(query: string) {
  const body: unknown = await (await ask(`/theeye/sessions/stats?${query}`)).json();
  expect(body).not.toHaveProperty("code");
  return body;
}

const RANGE = "start_date=2021-03-01&end_date=2021-03-31";
const MARCH = `${RANGE}&interval=day`;
const COUNTED = "metrics=sessions,bounces,events,duration_mean";

beforeAll(async () => {
  await emptyDatabases(databases);
  await store(
    databases,
    { events: fc.sample(anyRow, { numRuns: 1_500, seed: 3 }).map((row) => eventRow(row)) },
    7 * DAY,
  );
  const now = START + DAYS * DAY + HOUR;
  while ((await rollUpSessions(databases, now)).windows > 0);
}, 120_000);

describe("metrics of /theeye/sessions/stats", () => {
  it.each([
    "interval=day",
    "interval=none&application=shop",
    "interval=day&timezone=Asia/Kathmandu",
    "interval=week&timezone=America/New_York",
  ])("are the same from counts as from the events: %s", async (more) => {
    const whole = v.parse(WholeSessionStats, await stats(`${RANGE}&${more}`));
    const query = `${RANGE}&${COUNTED}&${more}`;
    const { total, results, accuracy } = v.parse(SessionStatsResponse, await stats(query));
    expect(accuracy).toEqual({ exact: true });
    const { sessions, bounces, events, events_per_session, duration_seconds: durations } = whole.total;
    const expected = {
      ...{ sessions, bounces, events, events_per_session },
      duration_seconds: {
        mean: durations.mean,
        ...(durations.values === undefined ? {} : { values: durations.values.map(({ mean }) => ({ mean })) }),
      },
    };
    expect(total).toEqual(expected);
    expect(results).toEqual([expected]);
  });

  it("reads few rows for each number of a month", async () => {
    const { rows_read: rowsRead } = v.parse(SessionStatsResponse, await stats(`${MARCH}&${COUNTED}`));
    expect(rowsRead).toBeLessThan(10 * 4 * DAYS);
    const two = v.parse(SessionStatsResponse, await stats(`${MARCH}&metrics=sessions,bounces`));
    expect(two.rows_read).toBeLessThan(10 * 2 * DAYS);
  });

  it("are computed from the events if counts cannot give them", async () => {
    for (const query of [
      "metrics=sessions,visitors",
      "metrics=sessions,duration_percentiles",
      "metrics=sessions&group_by=application",
      "metrics=sessions&name=pageview",
      "metrics=sessions&data.path=/",
    ]) {
      const { total } = v.parse(SessionStatsResponse, await stats(`${MARCH}&${query}`));
      expect(total.bounces).toBeUndefined();
      expect(total.sessions?.values).toHaveLength(DAYS);
    }
  });

  it("are read for part of a quarter of an hour at the end, and from the events if it is at the start", async () => {
    for (const range of [
      "start_date=2021-03-05T10:15:00Z&end_date=2021-03-09T11:07:12Z",
      "start_date=2021-03-05T10:16:00Z&end_date=2021-03-09T11:07:12Z",
    ]) {
      const query = `${range}&interval=none`;
      const { total } = v.parse(WholeSessionStats, await stats(query));
      const { sessions, bounces } = v.parse(
        SessionStatsResponse,
        await stats(`${query}&metrics=sessions,bounces`),
      ).total;
      expect([sessions, bounces]).toEqual([total.sessions, total.bounces]);
    }
  });

  it("refuse an application that never existed", async () => {
    expect((await ask(`/theeye/sessions/stats?${MARCH}&metrics=sessions&application=shpo`)).status).toBe(400);
  });

  it("refuses others", async () => {
    const response = await ask("/theeye/sessions/stats?metrics=sessions,views");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter" });
  });

  it("reports late events, and with accuracy=exact reads the events instead", async () => {
    await store(databases, { events: [eventRow({ session: "late", occurredAt: START + 3 * DAY + HOUR })] }, 7 * DAY);
    const query = `${MARCH}&metrics=sessions`;
    const before = v.parse(SessionStatsResponse, await stats(query));
    expect(before.accuracy).toEqual({ exact: false, late_events: 1 });
    const exact = v.parse(SessionStatsResponse, await stats(`${query}&accuracy=exact`));
    expect(exact.accuracy).toEqual({ exact: true });
    expect(exact.total.sessions?.total).toBe((before.total.sessions?.total ?? 0) + 1);
  });
});
