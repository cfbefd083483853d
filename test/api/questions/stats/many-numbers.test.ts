import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { StatsResponse } from "../../../../src/api/questions/stats/stats-body";
import { seedLocalKeys } from "../../../http/auth/seed";
import { HOUR, MINUTE } from "../../../storage/seed";
import { expectAround, get, nearestRank, runJob, sum } from "./asking-many";
import { DAY, type MadeEvent, type MadeSession, madeSessions, makeManyEvents } from "./many-events";

/** Numbers of more events than are read at once: 420,000 in a day. */

let sessions: MadeSession[];

beforeAll(async () => {
  await seedLocalKeys();
  await makeManyEvents();
  sessions = madeSessions();
}, 300_000);

describe("GET /theeye/stats", { timeout: 120_000 }, () => {
  const asked = { metric: "avg:price", group_by: "data.path", interval: "none" };
  const events = () => sessions.flatMap((session) => session.events);
  const mean = (own: readonly { price: number }[]) => sum(own.map(({ price }) => price)) / own.length;

  it("answers from a sample of the sessions, with intervals that hold the right numbers", async () => {
    const found = v.parse(StatsResponse, await (await get("/theeye/stats", asked)).json());
    expect(found.accuracy).toEqual({ exact: false, sampled: 0.5 });
    const groups = Map.groupBy(events(), ({ path }) => path);
    expect(found.results).toHaveLength(groups.size);
    for (const line of found.results) expectAround(line.interval_95, mean(groups.get(String(line["data.path"])) ?? []));
    expectAround(found.total.interval_95, mean(events()));
  });

  it("answers exactly as a job", async () => {
    const found = v.parse(
      StatsResponse,
      await runJob((bindings) => get("/theeye/stats", { ...asked, accuracy: "exact" }, bindings)),
    );
    expect(found.accuracy).toEqual({ exact: true });
    const groups = Map.groupBy(events(), ({ path }) => path);
    expect(found.results).toHaveLength(groups.size);
    for (const line of found.results) {
      expect(line.total).toBeCloseTo(mean(groups.get(String(line["data.path"])) ?? []), 8);
    }
  });
});

describe("GET /theeye/stats of percentiles and with compare", { timeout: 240_000 }, () => {
  // The period before has the events of the day's first half hour.
  const FIRST = DAY + HOUR / 2;
  const events = () => sessions.flatMap((session) => session.events);
  const isBefore = ({ occurredAt }: MadeEvent) => occurredAt < FIRST;
  const p50 = (own: readonly MadeEvent[]) =>
    nearestRank(
      own.map(({ price }) => price),
      0.5,
    );
  const byPath = (own: readonly MadeEvent[]) => Map.groupBy(own, ({ path }) => path);
  const compared = {
    ...{ start_date: "2021-01-05T00:30:00", end_date: "2021-01-05T23:59:59.999999", compare: "previous_period" },
    "data.path": "/*",
    ...{ group_by: "data.path", interval: "none", top: "2" },
  };

  it.each([["sum:price"], ["p50:price"], ["sessions"]])(
    "answers exactly as a job, compared with the period before: %s",
    async (metric) => {
      const query = { ...compared, metric, accuracy: "exact" };
      const found = v.parse(StatsResponse, await runJob((bindings) => get("/theeye/stats", query, bindings)));
      expect(found.accuracy).toEqual({ exact: true });
      expect(found.comparison).toEqual({ start: "2021-01-04T01:00:00+00:00", end: "2021-01-05T00:30:00+00:00" });
      const measure = (path: string | null, ofBefore: boolean) => {
        const kept = sessions
          .map((own) => own.events.filter((one) => isBefore(one) === ofBefore && (path ?? one.path) === one.path))
          .filter(({ length }) => length > 0);
        if (metric === "sessions") return kept.length;
        return metric === "p50:price" ? p50(kept.flat()) : sum(kept.flat().map(({ price }) => price));
      };
      for (const line of [found.total, ...found.results]) {
        const path = "data.path" in line ? String(line["data.path"]) : null;
        expect(line.total).toBe(measure(path, false));
        expect(line.comparison?.total).toBe(measure(path, true));
      }
      expect(found.results).toHaveLength(2);
    },
  );

  it("answers from a sample too, with intervals that hold the right numbers", async () => {
    const found = v.parse(
      StatsResponse,
      await (await get("/theeye/stats", { ...compared, metric: "avg:price" })).json(),
    );
    expect(found.accuracy).toEqual({ exact: false, sampled: 0.5 });
    const mean = (own: readonly MadeEvent[]) => sum(own.map(({ price }) => price)) / own.length;
    expectAround(found.total.interval_95, mean(events().filter((one) => !isBefore(one))));
    expectAround(found.total.comparison?.interval_95, mean(events().filter(isBefore)));
  });

  it("answers percentiles of groups and many buckets, from a sample and as a job", async () => {
    const query = { metric: "p50:price", group_by: "data.path", interval: "hour" };
    const sampled = v.parse(StatsResponse, await (await get("/theeye/stats", query)).json());
    expect(sampled.accuracy).toEqual({ exact: false, sampled: 0.5 });
    const groups = byPath(events());
    for (const line of sampled.results)
      expectAround(line.interval_95, p50(groups.get(String(line["data.path"])) ?? []));
    const result = await runJob((bindings) => get("/theeye/stats", { ...query, accuracy: "exact" }, bindings));
    const found = v.parse(StatsResponse, result);
    expect(found.accuracy).toEqual({ exact: true });
    expect(found.results).toHaveLength(groups.size);
    for (const line of found.results) {
      const own = groups.get(String(line["data.path"])) ?? [];
      const hours = Map.groupBy(own, ({ occurredAt }) => Math.floor((occurredAt - DAY) / HOUR));
      expect(line.total).toBe(p50(own));
      expect(line.values).toEqual(
        Array.from({ length: 24 }, (_, hour) => (hours.has(hour) ? p50(hours.get(hour) ?? []) : null)),
      );
    }
  });

  it("takes a second pass where the numbers of all buckets are more than a job keeps", async () => {
    const query = { metric: "p50:price", interval: "minute", accuracy: "exact" };
    const steps = [0, 0.5, 0.5, 0.75];
    const found = v.parse(StatsResponse, await runJob((bindings) => get("/theeye/stats", query, bindings), steps));
    expect(found.accuracy).toEqual({ exact: true });
    const minutes = Map.groupBy(events(), ({ occurredAt }) => Math.floor((occurredAt - DAY) / MINUTE));
    const truth = Array.from({ length: 1_440 }, (_, n) => (minutes.has(n) ? p50(minutes.get(n) ?? []) : null));
    expect(found.total).toEqual({ total: p50(events()), values: truth });
  });
});
