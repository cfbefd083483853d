import { env } from "cloudflare:workers";
import fc from "fast-check";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../../src/storage/core/databases";
import type { EventRow } from "../../../../src/storage/write/rows";
import { eventRow, HOUR, inReadingOrder, MINUTE, store } from "../../../storage/seed";
import { ask } from "../../reading-app";
import { labelOf, textAt } from "./naive-stats";
import { WholeSessionStats } from "./whole-session-stats";

const databases = databasesOf(env);

const at = (text: string) => Date.parse(`${text}Z`) * 1_000;
const FROM = at("2021-03-27T12:00:00");

/** Sessions over midnights and clock changes, with many events with the same timestamp, some of them received late. */
const anyRow = fc.record({
  session: fc.nat({ max: 80 }).map((n) => `s${n}`),
  visitor: fc.option(fc.nat({ max: 25 }).map((n) => `v${n}`)),
  category: fc.constantFrom("page interaction", "shop"),
  name: fc.constantFrom("pageview", "submit"),
  application: fc.constantFrom("shop", "blog"),
  occurredAt: fc
    .tuple(fc.nat({ max: 70 }), fc.constantFrom(0, 0, 1, 59 * MINUTE))
    .map(([hour, more]) => FROM + hour * HOUR + more),
  late: fc.constantFrom(1_000, 1_000, 2_000, 40 * HOUR),
  data: fc
    .record({ path: fc.constantFrom("/", "/a", "/b", 7) }, { requiredKeys: [] })
    .map((data) => JSON.stringify(data)),
});

const rows: EventRow[] = fc
  .sample(anyRow, { numRuns: 260, seed: 8 })
  .map(({ late, ...row }) => eventRow({ ...row, receivedAt: row.occurredAt + late }));

beforeAll(async () => {
  await store(databases, { events: rows }, 24 * HOUR);
});

async function stats(query: string) {
  const body: unknown = await (await ask(`/theeye/sessions/stats?${query}`)).json();
  expect(body).not.toHaveProperty("code");
  return v.parse(WholeSessionStats, body);
}

/** Sessions assembled from all events, in the simplest way. */
function naive(own: readonly EventRow[]) {
  return [...Map.groupBy(inReadingOrder([...own]), ({ session }) => session).values()].flatMap((events) => {
    const [first, last] = [events[0], events.at(-1)];
    return first === undefined || last === undefined
      ? []
      : [{ events, first, last, seconds: (last.occurredAt - first.occurredAt) / 1_000_000 }];
  });
}

type Session = ReturnType<typeof naive>[number];

function summary(sessions: readonly Session[]) {
  const seconds = sessions.map((session) => session.seconds).sort((a, b) => a - b);
  const rank = (share: number) => seconds.find((_, place) => (place + 1) / seconds.length >= share) ?? null;
  const events = sessions.reduce((sum, session) => sum + session.events.length, 0);
  const visitors = new Set(sessions.flatMap((session) => session.events.flatMap(({ visitor }) => visitor ?? [])));
  return {
    sessions: sessions.length,
    visitors: visitors.size,
    bounces: sessions.filter((session) => session.events.length === 1).length,
    events,
    mean: seconds.length === 0 ? null : seconds.reduce((sum, one) => sum + one, 0) / seconds.length,
    p50: rank(0.5),
    p90: rank(0.9),
  };
}

const anyQuestion = fc.record({
  days: fc.constantFrom(["27", "27"], ["27", "28"], ["28", "28"], ["28", "30"], ["27", "31"]),
  timezone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"),
  interval: fc.constantFrom("hour" as const, "day" as const, "none" as const),
  group: fc.constantFrom("", "application", "entry type", "exit type", "entry data.path", "exit data.path"),
  application: fc.option(fc.constantFrom("shop", "blog")),
  path: fc.option(fc.constantFrom("/", "not:/a"), { freq: 2 }),
});

function keyOf({ first, last }: Session, group: string): unknown {
  const [edge = "", by] = group.split(" ");
  if (edge === "") return undefined;
  if (edge === "application") return first.application;
  const event = edge === "entry" ? first : last;
  return by === "type" ? { category: event.category, name: event.name } : textAt(event, "path");
}

describe("GET /theeye/sessions/stats", () => {
  it("matches sessions assembled by hand, for any time zone, interval and group", async () => {
    await fc.assert(
      fc.asyncProperty(anyQuestion, async ({ days, timezone, interval, group, application, path }) => {
        const [edge = "", by = "type"] = group.split(" ");
        const query = new URLSearchParams({
          start_date: `2021-03-${days[0]}`,
          end_date: `2021-03-${days[1]}`,
          timezone,
        });
        query.set("interval", interval);
        if (edge !== "") query.set("group_by", edge);
        if (edge === "entry" || edge === "exit") query.set("by", by);
        if (application !== null) query.set("application", application);
        if (path !== null) query.set("data.path", path);
        const found = await stats(query.toString());
        const sessions = naive(
          rows.filter((row) => {
            const date = labelOf(timezone, row.occurredAt, "day");
            const text = textAt(row, "path");
            return (
              date >= `2021-03-${days[0]}` &&
              date <= `2021-03-${days[1]}` &&
              (application ?? row.application) === row.application &&
              (path === null || (path === "/" ? text === "/" : text !== "/a"))
            );
          }),
        );
        const labels = found.buckets?.map((bucket) => labelOf(timezone, Date.parse(bucket) * 1_000, interval)) ?? [];
        const compare = (line: (typeof found)["total"], own: readonly Session[]) => {
          const expected = summary(own);
          expect(flat(line)).toEqual({ ...expected, mean: expect.toSatisfy((mean) => isClose(mean, expected.mean)) });
          for (const [place, label] of labels.entries()) {
            const inBucket = summary(
              own.filter(({ first }) => labelOf(timezone, first.occurredAt, interval) === label),
            );
            expect(line.sessions.values?.[place]).toBe(inBucket.sessions);
            expect(line.visitors.values?.[place]).toBe(inBucket.visitors);
            expect(line.bounces.values?.[place]).toBe(inBucket.bounces);
            expect(line.duration_seconds.values?.[place]?.p90).toBe(inBucket.p90);
          }
        };
        compare(found.total, sessions);
        if (edge === "") return;
        const groups = Map.groupBy(sessions, (session) => JSON.stringify(keyOf(session, group)));
        expect(found.results.map((line) => JSON.stringify(memberOf(line, edge))).sort()).toEqual(
          [...groups.keys()].sort(),
        );
        for (const line of found.results) compare(line, groups.get(JSON.stringify(memberOf(line, edge))) ?? []);
        expect(found.accuracy).toEqual({ exact: true });
      }),
      { numRuns: 40, seed: 2 },
    );
  }, 120_000);

  it("shows the groups with the most sessions, and all others together", async () => {
    const query = "start_date=2021-03-27&end_date=2021-03-31&interval=none&group_by=entry&by=data.path";
    const all = await stats(query);
    const top = await stats(`${query}&top=2`);
    expect(top.results).toEqual(all.results.slice(0, 2));
    const rest = all.results.slice(2);
    expect(top.other).toMatchObject({
      groups: rest.length,
      sessions: { total: rest.reduce((sum, { sessions }) => sum + sessions.total, 0) },
    });
    expect(all.other).toMatchObject({ groups: 0, sessions: { total: 0 }, events_per_session: null });
  });

  it.each([
    ["group_by=name", "group_by"],
    ["group_by=entry&by=path", "by"],
    ["by=data.path", "by"],
    ["group_by=application&by=type", "by"],
    ["interval=year", "interval"],
    ["timezone=Nowhere", "timezone"],
  ])("refuses %s", async (query, parameter) => {
    const response = await ask(`/theeye/sessions/stats?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_parameter", parameter });
  });
});

function flat({
  sessions,
  visitors,
  bounces,
  events,
  duration_seconds: duration,
}: v.InferOutput<typeof WholeSessionStats>["total"]) {
  return {
    ...{ sessions: sessions.total, visitors: visitors.total, bounces: bounces.total, events: events.total },
    ...{ mean: duration.mean, p50: duration.p50, p90: duration.p90 },
  };
}

function isClose(found: unknown, expected: number | null): boolean {
  if (expected === null || typeof found !== "number") return found === expected;
  return Math.abs(found - expected) < 1e-5;
}

function memberOf(line: object, name: string): unknown {
  return Object.entries(line).find(([key]) => key === name)?.[1];
}
