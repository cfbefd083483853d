import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runToEnd } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

/**
 * Questions over a made-up log of days on which clocks change in four zones, compared with answers that are computed
 * from its lines without any code of the service. Its lines are not in order, many share a second, and visitors have
 * sessions on several days.
 */

const ZONES = ["America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin", "America/New_York"];
const CHANGES = ["2018-10-06T15:30:00Z", "2018-10-28T01:00:00Z", "2018-11-04T03:00:00Z", "2018-11-04T06:00:00Z"];
const RANGE = { start_date: "2018-10-05", end_date: "2018-11-06" };
const PATHS = ["/", "/", "/blog/", "/blog/a", "/p/1", "/über"];

interface Hit {
  visitor: string;
  session: string;
  seconds: number;
  path: string;
  bytes: number;
}

let state = 7;
/** A whole number from 0 to below `size`, from a seed. */
function random(size: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return Math.floor((state / 0x80000000) * size);
}

function generate(): Hit[] {
  const hits = Array.from({ length: 160 }, (_, visitor) => {
    const near = Date.parse(CHANGES[visitor % CHANGES.length] ?? "") / 1_000;
    let seconds = near - 9_000 + random(18_000);
    return Array.from({ length: 1 + random(9) }, (): Hit => {
      seconds += [0, 0, random(30), random(900), random(9_000), random(200_000)][random(6)] ?? 0;
      const day = Math.floor(seconds / 86_400);
      const path = PATHS[random(PATHS.length)] ?? "/";
      return { visitor: `v${visitor}`, session: `v${visitor} ${day}`, seconds, path, bytes: random(5_000) };
    });
  }).flat();
  // Some lines are late.
  for (const [place, hit] of hits.entries()) {
    const other = random(4) === 0 ? Math.min(hits.length - 1, place + random(40)) : place;
    [hits[place], hits[other]] = [hits[other] ?? hit, hit];
  }
  return hits.filter(({ seconds }) => seconds < Date.parse("2018-11-06T00:00:00Z") / 1_000);
}

function lineOf({ visitor, seconds, path, bytes }: Hit): string {
  const time = new Date(seconds * 1_000).toISOString().replace(".000Z", "+00:00");
  const address = `198.51.100.${visitor.slice(1)}`;
  const request = `GET ${path} HTTP/1.1`;
  const more = { status: 200, body_bytes_sent: bytes, http_user_agent: "Browser/1" };
  return JSON.stringify({ time_iso8601: time, remote_addr: address, request, ...more });
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of a zone show: `2018-11-04T01` and the offset. */
function clockIn(timeZone: string, seconds: number): { hour: string; offset: string } {
  const fields = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit" } as const;
  const format =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", timeZoneName: "longOffset", ...fields });
  clocks.set(timeZone, format);
  const shown = Object.fromEntries(format.formatToParts(seconds * 1_000).map(({ type, value }) => [type, value]));
  const offset = shown.timeZoneName === "GMT" ? "+00:00" : (shown.timeZoneName ?? "").slice(3);
  return { hour: `${shown.year}-${shown.month}-${shown.day}T${shown.hour}`, offset };
}

const dayIn = (zone: string, { seconds }: Hit) => clockIn(zone, seconds).hour.slice(0, 10);

function daysFrom(start: string, end: string): string[] {
  const days = (Date.parse(end) - Date.parse(start)) / 86_400_000 + 1;
  return Array.from({ length: days }, (_, n) =>
    new Date(Date.parse(start) + n * 86_400_000).toISOString().slice(0, 10),
  );
}

const service = serviceForTests();
/** In reading order: lines of the same second stay in the order of the file. */
let hits: Hit[];

async function ask(method: "GET" | "POST", path: string, asked: Record<string, unknown>) {
  const headers = { Authorization: "Bearer eye_r_local" };
  const texts = Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)]);
  const response = await (method === "GET"
    ? fetch(`${service.url}${path}?${new URLSearchParams(texts)}`, { headers })
    : fetch(`${service.url}${path}`, { method, headers, body: JSON.stringify(asked) }));
  expect(response.status).toBe(200);
  return (await response.json()) as { buckets?: string[]; total?: { values?: number[] } };
}

beforeAll(async () => {
  const lines = generate();
  const file = join(service.folder, "second.log");
  writeFileSync(file, `${lines.map(lineOf).join("\n")}\n`);
  hits = lines.toSorted((a, b) => a.seconds - b.seconds);
  const flags = ["--url", service.url, "--concurrency", "1", "--source", "second"];
  const { code, output } = await runToEnd("npm", ["run", "replay", "--", file, ...flags]);
  expect(code, output).toBe(0);
}, 400_000);

describe.each(ZONES)("on the clocks of %s", (timezone) => {
  const inRange = () => hits.filter((hit) => dayIn(timezone, hit) >= RANGE.start_date);
  const sessionsOf = (own: Hit[]) => [...Map.groupBy(own, ({ session }) => session).values()];

  test("page views of a path by day, against the days before", async () => {
    const count = (days: string[]) =>
      days.map((day) => hits.filter((hit) => hit.path === "/" && dayIn(timezone, hit) === day).length);
    const [days, before] = [daysFrom("2018-10-28", "2018-11-04"), daysFrom("2018-10-20", "2018-10-27")];
    const asked = { interval: "day", start_date: days[0], end_date: days.at(-1), compare: "previous_period" };
    const answer = await ask("GET", "/theeye/stats", { ...asked, timezone, "data.path": "/" });
    expect(answer).toMatchObject({ total: { values: count(days), comparison: { values: count(before) } } });
    expect(answer.buckets?.map((bucket) => bucket.slice(0, 10))).toEqual(days);
  });

  test("the day of a change, against the day before and the year before", async () => {
    for (const day of ["2018-10-07", "2018-10-28", "2018-11-04"]) {
      const [before = ""] = daysFrom(new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10), day);
      const count = (date: string) => hits.filter((hit) => dayIn(timezone, hit) === date).length;
      const asked = { interval: "none", start_date: day, end_date: day, timezone };
      const answer = await ask("GET", "/theeye/stats", { ...asked, compare: "previous_period" });
      expect(answer).toMatchObject({
        comparison: { start: expect.stringContaining(`${before}T00:00:00`) },
        total: { total: count(day), comparison: { total: count(before) } },
      });
    }
  });

  test("every hour around a change", async () => {
    const asked = { interval: "hour", start_date: "2018-11-03", end_date: "2018-11-05", timezone };
    const { buckets = [], total } = await ask("GET", "/theeye/stats", asked);
    const counts = Map.groupBy(hits, ({ seconds }) => Object.values(clockIn(timezone, seconds)).join(""));
    const hours = buckets.map((bucket) => bucket.slice(0, 13) + bucket.slice(-6));
    expect(new Set(hours).size).toBe(hours.length);
    expect(total?.values).toEqual(hours.map((hour) => counts.get(hour)?.length ?? 0));
    const days = daysFrom("2018-11-03", "2018-11-05");
    const all = hits.filter((hit) => days.includes(dayIn(timezone, hit))).length;
    expect(total?.values?.reduce((sum, own) => sum + own, 0)).toBe(all);
  });

  test("sessions by the page on which they begin", async () => {
    const line = (own: Hit[][]) => ({
      sessions: { total: own.length },
      visitors: { total: new Set(own.flat().map(({ visitor }) => visitor)).size },
      bounces: { total: own.filter((some) => some.length === 1).length },
      events: { total: own.flat().length },
    });
    const all = sessionsOf(inRange());
    const entries = [...Map.groupBy(all, ([first]) => first?.path ?? "")]
      .map(([entry, own]) => ({ entry, ...line(own) }))
      .sort((a, b) => b.sessions.total - a.sessions.total || (a.entry < b.entry ? -1 : 1));
    const asked = { ...RANGE, timezone, interval: "none", group_by: "entry", by: "data.path" };
    const answer = await ask("GET", "/theeye/sessions/stats", asked);
    expect(answer).toMatchObject({ results: entries, total: line(all), accuracy: { exact: true } });
  });

  test.each(["session", "visitor"] as const)("a funnel per %s", async (per) => {
    const own = [...Map.groupBy(inRange(), (hit) => hit[per]).values()];
    const first = own.filter((some) => some.some(({ path }) => path === "/"));
    const both = first.filter((some) =>
      some.some(
        (from, place) =>
          from.path === "/" &&
          some.slice(place + 1).some((to) => to.path.startsWith("/blog/") && to.seconds - from.seconds <= 600),
      ),
    );
    const steps = [{ data: { path: "/" } }, { data: { path: "/blog/*" } }];
    const answer = await ask("POST", "/theeye/funnels", { ...RANGE, timezone, per, steps, within_seconds: 600 });
    expect(answer).toMatchObject({ steps: [{ count: first.length }, { count: both.length }] });
  });

  test("retention by week", async () => {
    const weekOf = (hit: Hit) => {
      const day = new Date(dayIn(timezone, hit));
      return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10);
    };
    const weeks = ["2018-10-01", "2018-10-08", "2018-10-15", "2018-10-22", "2018-10-29", "2018-11-05"];
    const seen = [...Map.groupBy(hits, ({ visitor }) => visitor).values()].map((own) => new Set(own.map(weekOf)));
    const cohorts = weeks.map((week, place) => {
      const own = seen.filter((all) => [...all][0] === week);
      return {
        start: week,
        size: own.length,
        returned: weeks.slice(place).map((other) => own.filter((all) => all.has(other)).length),
      };
    });
    expect(await ask("GET", "/theeye/retention", { ...RANGE, timezone, interval: "week" })).toMatchObject({ cohorts });
  });
});
