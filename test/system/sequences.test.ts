import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ROOT, runToEnd } from "./service.ts";
import { serviceForTests } from "./service-for-tests.ts";

/**
 * Questions about sequences over a real access log, compared with answers that are computed directly from its lines.
 * docs/questions.md has these questions as examples.
 */

const REAL_LOG = join(ROOT, "../shared/data/access.log");
const service = serviceForTests();

const LINE =
  /^(\S+) \S+ \S+ \[(\d+)\/(\w+)\/(\d+):(\d+:\d+:\d+) \+0000\] "\S+ (.*?)(?: HTTP\/1\.\d)?" \d+ (\S+) "[^"]*"(?: (.*))?$/;

interface Hit {
  visitor: string;
  session: string;
  seconds: number;
  path: string;
  bytes: number | null;
}

function hitsOf(file: string): Hit[] {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const [, address, day, month, year, time, path, bytes, agent = ""] = LINE.exec(line) ?? [];
    if (address === undefined || path === undefined) throw new Error(`not understood: ${line}`);
    const seconds = Date.parse(`${day} ${month} ${year} ${time} UTC`) / 1_000;
    const visitor = `${address} ${agent}`;
    const session = `${visitor} ${Math.floor(seconds / 86_400)}`;
    return { visitor, session, seconds, path, bytes: bytes === "-" ? null : Number(bytes) };
  });
}

/** Lines of the same second stay in the order of the file. */
function sequencesOf(hits: Hit[], key: "session" | "visitor"): Hit[][] {
  const sorted = hits.toSorted((a, b) => a.seconds - b.seconds);
  return [...Map.groupBy(sorted, (hit) => hit[key]).values()];
}

const isHome = ({ path }: Hit) => path === "/";
const isBlog = ({ path }: Hit) => path.startsWith("/blog/");

/** Seconds from the home page to the blog, for each sequence that has both within half an hour; null: only the first. */
function homeToBlog(sequences: Hit[][]): (number | null)[] {
  return sequences
    .filter((hits) => hits.some(isHome))
    .map((hits) => {
      const ways = hits.flatMap((from, start) =>
        hits.flatMap((to, end) =>
          isHome(from) && isBlog(to) && end > start && to.seconds - from.seconds <= 1_800 ? [[end, -start]] : [],
        ),
      );
      const [best] = ways.sort(([a = 0, as = 0], [b = 0, bs = 0]) => a - b || as - bs);
      const [end = 0, start = 0] = best ?? [];
      return best === undefined ? null : (hits[end]?.seconds ?? 0) - (hits[-start]?.seconds ?? 0);
    });
}

const nearestRank = (values: number[], q: number) => values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1];

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { Authorization: "Bearer eye_r_local" };
  const response = await fetch(`${service.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

async function get(path: string, query: Record<string, string>): Promise<Record<string, unknown>> {
  const headers = { Authorization: "Bearer eye_r_local" };
  const response = await fetch(`${service.url}${path}?${new URLSearchParams(query)}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

const dates = new Map<string, Intl.DateTimeFormat>();

/** The date in a zone, as the platform's clocks show it. A format is slow to make, and a test that blocks loses its connection. */
function dateIn(timeZone: string, { seconds }: Hit): string {
  const format = dates.get(timeZone) ?? new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
  dates.set(timeZone, format);
  return format.format(seconds * 1_000);
}

/** How many hits each key has on each of some days. */
function countsOf(hits: Hit[], keyOf: (hit: Hit) => string, dayOf: (hit: Hit) => string, days: string[]) {
  const own = hits.map((hit) => ({ key: keyOf(hit), day: dayOf(hit) })).filter(({ day }) => days.includes(day));
  return new Map(
    [...Map.groupBy(own, ({ key }) => key)].map(([key, some]) => {
      const values = days.map((wanted) => some.filter(({ day }) => day === wanted).length);
      return [key, { total: some.length, values }] as const;
    }),
  );
}

/** An example of the documentation, as a pattern: … stands for anything, and rows read may differ by a tenth. */
function likeExample(value: unknown): Record<string, unknown> {
  const like = (one: unknown, name: string): unknown => {
    if (one === "…") return expect.anything();
    if (name === "rows_read") return expect.toSatisfy((rows: number) => Math.abs(rows / Number(one) - 1) <= 0.1);
    if (Array.isArray(one)) return one.map((own) => like(own, ""));
    return typeof one === "object" && one !== null ? likeExample(one) : one;
  };
  return Object.fromEntries(
    Object.entries(value ?? {})
      .filter(([name]) => name !== "…")
      .map(([name, own]) => [name, like(own, name)]),
  );
}

const range = { start_date: "2015-05-17", end_date: "2015-05-20" };

describe.skipIf(!existsSync(REAL_LOG))("the real log (skipped if it is absent)", () => {
  let hits: Hit[];

  beforeAll(async () => {
    hits = hitsOf(REAL_LOG);
    // One request at a time, so that lines of the same second are received in the order of the file.
    const flags = ["--url", service.url, "--concurrency", "1"];
    const { code, output } = await runToEnd("npm", ["run", "replay", "--", REAL_LOG, ...flags]);
    expect(code, output).toBe(0);
  }, 400_000);

  test.each(["session", "visitor"] as const)("a funnel per %s", async (per) => {
    const found = homeToBlog(sequencesOf(hits, per));
    const gaps = found.filter((gap) => gap !== null);
    const answer = await post("/theeye/funnels", {
      ...range,
      per,
      within_seconds: 1_800,
      accuracy: "exact",
      steps: [
        { category: "page interaction", name: "pageview", data: { path: ["/"] } },
        { name: "pageview", data: { path: ["/blog/*"] } },
      ],
    });
    expect(answer).toMatchObject({
      accuracy: { exact: true },
      steps: [
        { count: found.length },
        { count: gaps.length, seconds_from_previous: { p50: nearestRank(gaps, 0.5), p90: nearestRank(gaps, 0.9) } },
      ],
    });
  });

  test("paths from the home page", async () => {
    const paths = sequencesOf(hits, "session")
      .map((own) => own.slice(own.findIndex(isHome)).filter((_, place, all) => all.some(isHome) && place < 3))
      .filter((own) => own.length > 0 && own[0] !== undefined && isHome(own[0]));
    const second = paths.map((own) => own[1]?.path ?? "(end)");
    const counts = [...Map.groupBy(second, (path) => path)].map(([path, all]) => [path, all.length] as const);
    const named = counts.filter(([path]) => path !== "(end)").sort(([a, as], [b, bs]) => bs - as || (a < b ? -1 : 1));
    const answer = await post("/theeye/paths", {
      ...range,
      start: { name: "pageview", data: { path: ["/"] } },
      by: "data.path",
      depth: 2,
      top: 5,
    });
    const level = [
      ...named.slice(0, 5).map(([key, count]) => ({ key, count })),
      { key: "(other)", count: named.slice(5).reduce((sum, [, count]) => sum + count, 0) },
      { key: "(end)", count: second.filter((path) => path === "(end)").length },
    ];
    expect(answer).toMatchObject({ levels: [[{ key: "/", count: paths.length }], level, expect.anything()] });
  });

  test("the pages that were opened most, by day, against the days before", async () => {
    const dayOf = (hit: Hit) => dateIn("Europe/Berlin", hit);
    const now = countsOf(hits, ({ path }) => path, dayOf, ["2015-05-18", "2015-05-19"]);
    const before = countsOf(hits, ({ path }) => path, dayOf, ["2015-05-16", "2015-05-17"]);
    const top = [...now].sort(([a, x], [b, y]) => y.total - x.total || (a < b ? -1 : 1)).slice(0, 20);
    const answer = await get("/theeye/stats", {
      ...{ group_by: "data.path", interval: "day", start_date: "2015-05-18", end_date: "2015-05-19", top: "20" },
      ...{ timezone: "Europe/Berlin", compare: "previous_period" },
    });
    expect(answer).toMatchObject({
      results: top.map(([path, line]) => ({
        "data.path": path,
        ...line,
        comparison: before.get(path) ?? { total: 0, values: [0, 0] },
      })),
      other: { groups: now.size - 20 },
      total: { total: hits.filter((hit) => ["2015-05-18", "2015-05-19"].includes(dayOf(hit))).length },
      accuracy: { exact: true },
    });
  });

  test.each(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])(
    "events by day on the clocks of %s",
    async (timezone) => {
      const days = ["17", "18", "19", "20", "21"].map((day) => `2015-05-${day}`);
      const counts = countsOf(
        hits,
        () => "",
        (hit) => dateIn(timezone, hit),
        days,
      );
      const asked = { interval: "day", timezone, start_date: "2015-05-17", end_date: "2015-05-21" };
      const { results } = await get("/theeye/stats", asked);
      expect(results).toEqual([counts.get("")]);
    },
  );

  test.each([
    ["p50", 0.5],
    ["p99", 0.99],
  ] as const)("the %s of the bytes of an answer", async (kind, share) => {
    const bytes = hits.flatMap((hit) => hit.bytes ?? []);
    const answer = await get("/theeye/stats", { ...range, metric: `${kind}:bytes`, interval: "none" });
    expect(answer).toMatchObject({ total: { total: nearestRank(bytes, share) } });
  });

  test("sessions, and how many end where they begin", async () => {
    const all = sequencesOf(hits, "session");
    const line = (sessions: Hit[][]) => {
      const seconds = sessions.map((own) => (own.at(-1)?.seconds ?? 0) - (own[0]?.seconds ?? 0));
      const mean = seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
      return {
        sessions: { total: sessions.length },
        visitors: { total: new Set(sessions.map(([first]) => first?.visitor)).size },
        bounces: { total: sessions.filter((own) => own.length === 1).length },
        duration_seconds: {
          mean: expect.closeTo(mean, 5),
          p50: nearestRank(seconds, 0.5),
          p90: nearestRank(seconds, 0.9),
        },
        events: { total: sessions.flat().length },
      };
    };
    const groups = [...Map.groupBy(all, (own) => own[0]?.path ?? "")].sort(
      ([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1),
    );
    const asked = { ...range, group_by: "entry", by: "data.path", interval: "none", top: "10" };
    expect(await get("/theeye/sessions/stats", asked)).toMatchObject({
      results: groups.slice(0, 10).map(([entry, own]) => ({ entry, ...line(own) })),
      total: line(all),
    });
  });

  test("sessions that looked at the blog and stayed for five minutes", async () => {
    const found = sequencesOf(hits, "session").filter(
      (own) =>
        dateIn("UTC", own[0] ?? { visitor: "", session: "", seconds: 0, path: "", bytes: null }) === "2015-05-18" &&
        own.some(isBlog) &&
        (own.at(-1)?.seconds ?? 0) - (own[0]?.seconds ?? 0) >= 300,
    );
    const day = { start_date: "2015-05-18", end_date: "2015-05-18" };
    const asked = { ...day, name: "pageview", "data.path": "/blog/*", min_seconds: "300", limit: "1000" };
    const { results, next } = await get("/theeye/sessions", asked);
    expect(results).toHaveLength(found.length);
    expect(next).toBeNull();
  });

  test("the examples in docs/questions.md", async () => {
    const text = readFileSync(join(ROOT, "docs/questions.md"), "utf8");
    const examples = [...text.matchAll(/```\nGET (\S+)\n```\n\n```json\n(.*?)\n```/gs)];
    expect(examples.length).toBeGreaterThanOrEqual(3);
    for (const [, url = "", json = ""] of examples) {
      const [path = "", query = ""] = url.split("?");
      const answer = await get(path, Object.fromEntries(new URLSearchParams(query)));
      expect(answer, url).toMatchObject(likeExample(JSON.parse(json)));
    }
  });

  test("retention by day", async () => {
    const days = [17, 18, 19, 20].map((day) => Date.UTC(2015, 4, day) / 86_400_000);
    const visitors = sequencesOf(hits, "visitor").map((own) => [
      ...new Set(own.map((hit) => Math.floor(hit.seconds / 86_400))),
    ]);
    const cohorts = days.map((day, place) => {
      const own = visitors.filter(([first]) => first === day);
      return {
        start: `2015-05-${17 + place}`,
        size: own.length,
        returned: days.slice(place).map((other) => own.filter((seen) => seen.includes(other)).length),
      };
    });
    const query = new URLSearchParams({ ...range, interval: "day" });
    const headers = { Authorization: "Bearer eye_r_local" };
    const answer: unknown = await (await fetch(`${service.url}/theeye/retention?${query}`, { headers })).json();
    expect(answer).toMatchObject({ cohorts, accuracy: { exact: true } });
  });
});
