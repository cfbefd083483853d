import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { DeclaredProperty } from "../../../src/model/event/declared-property";
import type { Metric } from "../../../src/model/questions/metric";
import type { Dimension } from "../../../src/model/questions/stats-dimension";
import { bucketStarts } from "../../../src/model/time/calendar";
import { TimeZone } from "../../../src/model/time/time-zone";
import { databasesOf, firstDatabase, metered } from "../../../src/storage/core/databases";
import { wantedSeriesIn } from "../../../src/storage/events/wanted-series";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { declareProperties, listProperties, templatesOf } from "../../../src/storage/properties/declared-properties";
import { rollUpProperties } from "../../../src/storage/properties/roll-up";
import { rolledStats } from "../../../src/storage/questions/rolled-stats";
import type { StatsAnswer } from "../../../src/storage/questions/stats-answer";
import type { StatsQuestion } from "../../../src/storage/questions/stats-question";
import { tupleStats } from "../../../src/storage/questions/tuple-stats";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const START = Math.floor(MORNING / DAY) * DAY;
const NOW = START + 6 * DAY;

const TYPE = { category: "page interaction", name: "pageview" };
const PROPERTIES: DeclaredProperty[] = [
  { path: "path", kind: "text", template: "/p/:id" },
  { path: "price", kind: "number", template: null },
];

const anyRow = fc.record({
  session: fc.nat({ max: 40 }).map((n) => `s${n}`),
  application: fc.constantFrom("shop", "blog"),
  name: fc.constantFrom("pageview", "pageview", "pageview", "submit"),
  occurredAt: fc
    .tuple(fc.nat({ max: 4 * 96 }), fc.constantFrom(0, 1, 7 * MINUTE))
    .map(([quarter, more]) => START + quarter * 15 * MINUTE + more),
  data: fc
    .record(
      {
        path: fc.constantFrom("/", "/a", "/p/1", "/p/2", "__proto__", 404, ["x"]),
        price: fc.constantFrom(1, 2.5, 1_000, 0, -3, "7"),
      },
      { requiredKeys: [] },
    )
    .map((data) => JSON.stringify(data)),
});

const rowsOf = (seed: number, numRuns: number): EventRow[] =>
  fc.sample(anyRow, { numRuns, seed }).map((row) => eventRow(row));

beforeAll(async () => {
  await emptyDatabases(databases);
  await store(databases, { events: rowsOf(1, 300) }, 2 * DAY);
  await declareProperties(firstDatabase(databases), TYPE, PROPERTIES, NOW - DAY);
});

const path = { name: "path", path: ["path"] };
const price = { name: "price", path: ["price"] };
const byPath: Dimension = { kind: "property", property: path };

const anyQuestion = fc.record({
  metric: fc.constantFrom<Metric>(
    ...[
      { kind: "events" as const, property: null },
      { kind: "events" as const, property: null },
    ],
    ...[
      { kind: "sum" as const, property: price },
      { kind: "avg" as const, property: price },
    ],
    { kind: "p90" as const, property: price },
  ),
  filtered: fc.constantFrom<string[]>([], ["/p/*"], ["/", "404"]),
  excluded: fc.constantFrom<string[]>([], [], ["/"]),
  application: fc.option(fc.constantFrom("shop", "blog")),
  grouped: fc.constantFrom<"application" | "path" | "both">("application", "path", "both"),
  interval: fc.constantFrom("hour" as const, "day" as const, "month" as const),
  timezone: fc.constantFrom("UTC", "Asia/Kathmandu", "America/New_York", "Europe/Berlin"),
  from: fc.integer({ min: 0, max: 300 }).map((quarter) => START + quarter * 15 * MINUTE),
  length: fc.integer({ min: 1, max: 300 }).map((quarter) => quarter * 15 * MINUTE),
  ragged: fc.boolean(),
});

function questionOf(asked: typeof anyQuestion extends fc.Arbitrary<infer Asked> ? Asked : never): StatsQuestion {
  const { metric, filtered, excluded, application, grouped, interval, timezone, ragged } = asked;
  const start = asked.from + (ragged ? 3 * MINUTE + 7 : 0);
  const end = start + asked.length;
  const zone = TimeZone.find(timezone) ?? TimeZone.UTC;
  const bounds = [start, ...bucketStarts({ start, end }, interval, zone, 1_000).slice(1), end];
  const isNumber = metric.property !== null;
  const is = (text: string) =>
    text.endsWith("*") ? { kind: "begins" as const, text: text.slice(0, -1) } : { kind: "is" as const, text };
  const groups: Record<typeof grouped, Dimension[]> = {
    application: [{ kind: "application" }],
    path: [byPath],
    both: [byPath, { kind: "application" }],
  };
  return {
    metric,
    groupBy: isNumber ? groups.application : groups[grouped],
    filter: { ...TYPE, applications: application === null ? null : [application] },
    properties:
      isNumber || (filtered.length === 0 && excluded.length === 0 && grouped === "application")
        ? isNumber
          ? []
          : [{ property: path, any: [is("/")], none: [] }]
        : [{ property: path, any: filtered.map(is), none: excluded.map(is) }],
    bounds,
  };
}

/** The answer from value counts, and from the events alone. */
async function bothAnswers(question: StatsQuestion) {
  const declared = await listProperties(firstDatabase(databases));
  const templates = templatesOf(declared);
  const shown = { top: 1_000 };
  const { databases: own, meter } = metered(databases);
  const wanted = await wantedSeriesIn(own, question.filter);
  const rolled = await withPartitions(databases, (map) =>
    rolledStats(own, map, question, { shown, templates, declared, wanted }),
  );
  const plain = await withPartitions(databases, (map) => tupleStats(databases, map, question, { shown, templates }));
  if (rolled === null || plain === null || "kind" in rolled) throw new Error("There is no answer.");
  return { rolled, plain, rowsRead: meter.rowsRead };
}

function isNear(found: number | null, expected: number | null): boolean {
  if (found === null || expected === null) return found === expected;
  return Math.abs(found - expected) <= Math.abs(expected) * 0.01 + 1e-9;
}

function expectSame(metric: Metric, rolled: StatsAnswer, plain: StatsAnswer): void {
  const byKey = (answer: StatsAnswer) => new Map(answer.groups.map((group) => [JSON.stringify(group.texts), group]));
  const [found, expected] = [byKey(rolled), byKey(plain)];
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  const pairs = [...expected].map(([key, line]) => [found.get(key), line] as const);
  for (const [line, own] of [...pairs, [rolled.total, plain.total] as const]) {
    if (metric.kind === "p90") {
      expect(line?.values).toEqual(own.values.map((value) => expect.toSatisfy((near) => isNear(near, value))));
      expect(isNear(line?.total ?? null, own.total)).toBe(true);
    } else {
      expect(line?.values).toEqual(own.values.map((value) => (value === null ? null : expect.closeTo(value, 6))));
      expect(line?.total).toEqual(own.total === null ? null : expect.closeTo(own.total, 6));
    }
  }
  expect(rolled.accuracy.exact).toBe(metric.kind !== "p90");
}

async function expectAllSame(seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(anyQuestion, async (asked) => {
      const question = questionOf(asked);
      const { rolled, plain } = await bothAnswers(question);
      expectSame(question.metric, rolled, plain);
    }),
    { numRuns: 25, seed },
  );
}

const everything: StatsQuestion = {
  metric: { kind: "events", property: null },
  groupBy: [byPath],
  filter: { ...TYPE, applications: null },
  properties: [],
  bounds: [START, START + 4 * DAY],
};

describe("rollUpProperties", () => {
  it("changes no answer: before it, after it, and when more events arrive", async () => {
    await expectAllSame(1);
    const first = await rollUpProperties(databases, NOW);
    expect(first.hours).toBeGreaterThan(0);
    await expectAllSame(2);
    await store(databases, { events: rowsOf(2, 60) }, 2 * DAY);
    await expectAllSame(3);
    expect((await rollUpAll()).rows).toBeGreaterThan(0);
    await expectAllSame(4);
  }, 180_000);

  it("writes nothing if no events arrived, and makes a day a few rows", async () => {
    await rollUpAll();
    expect(await rollUpProperties(databases, NOW)).toEqual({ hours: 0, rows: 0 });
    const { rolled, rowsRead } = await bothAnswers(everything);
    expect(rolled.groups.find(({ texts }) => texts[0] === "/p/:id")?.total).toBeGreaterThan(0);
    // Two applications, four days, three databases: the counts, whether they are complete, and the values.
    expect(rowsRead).toBeLessThan(300);
  });

  it("keeps the most frequent of many values, and reports what it does not know", async () => {
    const many = Array.from({ length: 1_500 }, (_, n) =>
      eventRow({
        ...{ application: "many", session: "many", occurredAt: START + n },
        data: JSON.stringify({ path: n < 200 ? `/often/${n % 10}` : `/once/${n}` }),
      }),
    );
    await store(databases, { events: many }, 2 * DAY);
    await rollUpAll();
    const question = { ...everything, filter: { ...TYPE, applications: ["many"] } };
    const { rolled, plain } = await bothAnswers(question);
    expect(rolled.accuracy).toEqual({ exact: false, groups_folded: true });
    expect(rolled.groups.slice(0, 10)).toEqual(plain.groups.slice(0, 10));
    expect(rolled.total).toEqual(plain.total);
    // 10 frequent values and 1,300 single ones, of which an answer shows 1,000.
    expect(rolled.other).toMatchObject({ total: 310, groups: 310 });
  });

  it("does not answer for types that do not declare the property", async () => {
    const declared = await listProperties(firstDatabase(databases));
    const question = { ...everything, filter: { category: TYPE.category, name: null, applications: null } };
    const wanted = await wantedSeriesIn(databases, question.filter);
    const options = { shown: { top: 10 }, templates: templatesOf(declared), declared, wanted };
    expect(await withPartitions(databases, (map) => rolledStats(databases, map, question, options))).toBeNull();
  });
});

/** Until everything is counted: a run checks a bounded number of hours. */
async function rollUpAll(): Promise<{ rows: number }> {
  let rows = 0;
  for (let run = 0; run < 6; run++) rows += (await rollUpProperties(databases, NOW)).rows;
  return { rows };
}
