import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MAX_PAGE_CONTENT } from "../../../src/storage/core/read-limits";
import type { EventQuestion } from "../../../src/storage/events/filtered-scan";
import { findEvents } from "../../../src/storage/events/find-events";
import { lateSuffix, sealedSuffix } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { addCommonCategories } from "../../../src/storage/partitions/partition-records";
import type { EventKey } from "../../../src/storage/scan/event-order";
import type { EventRow } from "../../../src/storage/write/rows";
import { MAX_SERIES } from "../../../src/storage/write/write-series";
import { emptyDatabases } from "../empty-databases";
import { eventRow, inReadingOrder, MINUTE, MORNING, nameOf, partitionsOf, SECOND, store } from "../seed";

const databases = databasesOf(env);

/** A quarter of an hour, the narrowest possible partition. */
const NARROW = 15 * MINUTE;

const everything: EventQuestion = {
  session: null,
  category: null,
  name: null,
  applications: null,
  range: { order: "asc", from: null, to: null, after: null },
  limit: 7,
};

async function beginAnew(): Promise<void> {
  await emptyDatabases(databases);
}

beforeEach(beginAnew);

/** Reads all pages; `between` runs after each. */
async function scan(question: EventQuestion, between?: () => Promise<void>): Promise<string[]> {
  const names: string[] = [];
  let after: EventKey | null = null;
  for (let pages = 0; pages < 2_000; pages++) {
    const { rows, next } = await findEvents(databases, { ...question, range: { ...question.range, after } });
    expect(rows.length).toBeLessThanOrEqual(question.limit);
    names.push(...rows.map(nameOf));
    if (next === null) return names;
    after = next;
    await between?.();
  }
  throw new Error("The scan does not end.");
}

/** The expected result, by sorting and filtering all rows. */
function expected(rows: EventRow[], question: EventQuestion): string[] {
  const { order, from, to } = question.range;
  const matching = rows.filter(
    (row) =>
      (question.session ?? row.session) === row.session &&
      (question.category ?? row.category) === row.category &&
      (question.name ?? row.name) === row.name &&
      (question.applications ?? [row.application]).includes(row.application) &&
      row.occurredAt >= (from ?? 0) &&
      row.occurredAt <= (to ?? Number.MAX_SAFE_INTEGER),
  );
  const names = inReadingOrder(matching).map(nameOf);
  return order === "asc" ? names : names.reverse();
}

const SESSIONS = [
  "alpha",
  "beta",
  "gamma",
  "delta",
  "0d3cbf8c-6f4e-4b5a-9d67-3f1f2a6b7c8d",
  "e2085be5-9137-4e4e-80b5-f1ffddc25423",
];

const CATEGORIES = ["page interaction", "form interaction", "new interaction"];
const NAMES = ["pageview", "submit", "rare", "beyond the bound"];

/** Few distinct times, so that equal timestamps and equal receipts are frequent; over an hour and the year before it. */
const anyRow = fc
  .record({
    session: fc.constantFrom(...SESSIONS),
    category: fc.constantFrom("page interaction", "form interaction"),
    name: fc.constantFrom("pageview", "submit", "rare"),
    application: fc.constantFrom("shop", "blog"),
    occurredAt: fc
      .tuple(fc.constantFrom(-600_000, -1, 0, 1, 14, 15, 16, 44, 59), fc.constantFrom(0, 1, 4 * SECOND, 30 * SECOND))
      .map(([minute, rest]) => MORNING + minute * MINUTE + rest),
    delay: fc.constantFrom(0, 1000),
  })
  .map(({ delay, ...row }) => ({ ...row, receivedAt: row.occurredAt + delay }));

const anyQuestion = fc.record({
  session: fc.option(fc.constantFrom(...SESSIONS), { freq: 3 }),
  category: fc.option(fc.constantFrom(...CATEGORIES, "none such")),
  name: fc.option(fc.constantFrom(...NAMES)),
  applications: fc.option(fc.subarray(["shop", "blog", "nobody's"]), { freq: 2 }),
  range: fc.record({
    order: fc.constantFrom("asc" as const, "desc" as const),
    from: fc.option(fc.constantFrom(MORNING, MORNING + MINUTE + 1, MORNING + 14 * MINUTE)),
    to: fc.option(fc.constantFrom(MORNING + 16 * MINUTE, MORNING + 44 * MINUTE + 4 * SECOND)),
    after: fc.constant(null),
  }),
  limit: fc.constantFrom(1, 3, 7, 100),
});

function sample(numRuns: number, seed: number): EventRow[] {
  return fc.sample(anyRow, { numRuns, seed }).map((row) => eventRow(row));
}

async function expectExact(rows: EventRow[], seed: number, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(anyQuestion, async (question) => {
      expect(await scan(question)).toEqual(expected(rows, question));
    }),
    { numRuns, seed },
  );
}

/** Uses up an application's limit of dimension keys, so that its further types get the overflow key. */
async function fillSeries(application: string): Promise<void> {
  for (const { binding } of databases) {
    await binding.batch([
      binding.prepare("INSERT INTO categories (category) VALUES ('flood') ON CONFLICT DO NOTHING"),
      binding
        .prepare(
          `INSERT INTO series (category_id, name, application, first_day)
           SELECT category_id, value, ?1, 0 FROM json_each(?2), categories WHERE category = 'flood'`,
        )
        .bind(application, JSON.stringify(Array.from({ length: MAX_SERIES }, (_, n) => `flood ${n}`))),
    ]);
  }
}

describe("findEvents", { timeout: 120_000 }, () => {
  it.each([
    ["few events", 1, 12],
    ["many events", 2, 180],
  ])("returns exactly what sorting and filtering gives, over narrow partitions: %s", async (_, seed, size) => {
    const rows = sample(size, seed);
    await store(databases, { events: rows }, NARROW);
    await expectExact(rows, seed, 40);
  });

  it("returns the same if partitions are sealed, have late events, and copies of events", async () => {
    const early = sample(120, 3);
    await store(databases, { events: early }, NARROW);
    const map = await partitionsOf(databases).latest();
    for (const moment of [MORNING, MORNING + 15 * MINUTE, MORNING - 600_000 * MINUTE]) {
      const partition = map.find(moment);
      if (partition !== null) await sealPartition(databases, partition);
    }
    const late = sample(60, 4);
    await store(databases, { events: late }, NARROW);
    // A copy that was received again. A writer that cannot see the main lane may leave one.
    const partition = map.find(MORNING);
    if (partition === null) throw new Error("The morning has no partition.");
    const columns = "slot, sample_key, session_id, occurred_at, tie, received_after, series_id, rare, id, data";
    let copies = 0;
    for (const { binding } of databases) {
      const { meta } = await binding
        .prepare(
          `INSERT INTO events_${lateSuffix(partition)} (${columns})
           SELECT ${columns.replace("received_after", "received_after + 500")} FROM events_${sealedSuffix(partition)}
           LIMIT 3`,
        )
        .run();
      copies += meta.changes;
    }
    expect(copies).toBeGreaterThan(0);
    await expectExact([...early, ...late], 5, 50);
  });

  it("returns the same if categories become common, and types exceed their limit", async () => {
    const before = sample(60, 6);
    await store(databases, { events: before }, NARROW);
    const map = await partitionsOf(databases).latest();
    for (const partition of map.partitions.slice(1)) {
      await addCommonCategories(firstDatabase(databases), partition, ["page interaction"], MORNING + 10 * MINUTE);
    }
    await fillSeries("shop");
    const beyond = fc
      .sample(fc.tuple(anyRow, fc.constantFrom(...CATEGORIES), fc.constantFrom(...NAMES)), { numRuns: 90, seed: 7 })
      .map(([row, category, name]) => eventRow({ ...row, category, name }));
    await store(databases, { events: beyond }, NARROW);
    const { results } = await firstDatabase(databases)
      .binding.prepare("SELECT count(*) AS n FROM series WHERE category_id = 1")
      .all();
    expect(results).toEqual([{ n: 1 }]);
    await expectExact([...before, ...beyond], 8, 60);
  });

  it("neither repeats nor skips an event while others arrive between the pages", async () => {
    const rows = sample(120, 9);
    await store(databases, { events: rows }, NARROW);
    let seed = 100;
    for (const question of [
      everything,
      { ...everything, range: { ...everything.range, order: "desc" as const } },
      { ...everything, name: "rare" },
      { ...everything, session: "alpha", name: "pageview" },
    ]) {
      const before = [...rows];
      const names = await scan(question, async () => {
        // If events arrived as fast as the scan advances, it would never end.
        if (rows.length - before.length < 40) {
          const arrived = sample(3, seed++);
          rows.push(...arrived);
          await store(databases, { events: arrived }, NARROW);
        }
      });
      expect(new Set(names).size).toBe(names.length);
      const seen = new Set(names);
      expect(expected(before, question).filter((name) => !seen.has(name))).toEqual([]);
    }
  });

  it("orders equal timestamps by receipt", async () => {
    const session = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
    const rows = [3, 1, 2].map((n) => eventRow({ session, id: `${n}`, receivedAt: MORNING + n }));
    await store(databases, { events: rows });
    const { rows: found } = await findEvents(databases, { ...everything, session });
    expect(found.map(({ id }) => id)).toEqual(["1", "2", "3"]);
  });

  it.each([100, 20_000])("returns an event as it was stored, with contents of %i characters", async (length) => {
    const text = "ä".repeat(length);
    const row = eventRow({
      session: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
      id: "0d3cbf8c-6f4e-4b5a-9d67-3f1f2a6b7c8d",
      data: JSON.stringify({ text }),
      context: JSON.stringify({ page: text }),
      extra: '{"colour":"blue"}',
      visitor: "7f3cbf8c-6f4e-4b5a-9d67-3f1f2a6b7c8d",
      occurredAt: MORNING + 243_861,
    });
    await store(databases, { events: [row] });
    const { rows } = await findEvents(databases, everything);
    const { key: _, ...found } = rows[0] ?? { key: null };
    const { sent: __, tie: ___, ...stored } = row;
    expect(found).toEqual(stored);
  });

  it("returns the type that an event of the overflow key stores", async () => {
    await fillSeries("shop");
    await store(databases, { events: [eventRow({ category: "new interaction", name: "beyond" })] });
    const { rows } = await findEvents(databases, { ...everything, category: "new interaction", name: "beyond" });
    expect(rows).toMatchObject([{ category: "new interaction", name: "beyond", application: "shop" }]);
  });

  it("ends a page early if its contents are large, and continues on the next page", async () => {
    const data = JSON.stringify({ text: "x".repeat(16_000) });
    const context = JSON.stringify({ text: "x".repeat(16_000) });
    const rows = Array.from({ length: 200 }, (_, n) =>
      eventRow({ session: `large ${n % 9}`, occurredAt: MORNING + n, data, context }),
    );
    await store(databases, { events: rows });
    const { rows: first, next } = await findEvents(databases, { ...everything, limit: 1_000 });
    expect(first.length).toBe(Math.floor(MAX_PAGE_CONTENT / (data.length + context.length)));
    expect(next).not.toBeNull();
    expect(await scan({ ...everything, limit: 1_000 })).toEqual(expected(rows, everything));
  });
});
