import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../src/storage/databases";
import { type EventQuestion, findEvents } from "../../src/storage/event-queries";
import type { EventKey } from "../../src/storage/order";
import { MAX_PAGE_CONTENT } from "../../src/storage/read-limits";
import type { EventRow } from "../../src/storage/rows";
import { forgetSeries } from "../../src/storage/series";
import { eventRow, inReadingOrder, MINUTE, MORNING, nameOf, SECOND, store } from "./seed";

const databases = databasesOf(env);

const everything: EventQuestion = {
  session: null,
  category: null,
  name: null,
  application: null,
  range: { order: "asc", from: null, to: null, after: null },
  limit: 7,
};

async function emptyDatabases(): Promise<void> {
  await reset();
  for (const database of databases) {
    await applyD1Migrations(database.binding, env.TEST_MIGRATIONS);
    forgetSeries(database);
  }
}

beforeEach(emptyDatabases);

/** Walks through all pages; `between` runs after each. */
async function walk(question: EventQuestion, between?: () => Promise<void>): Promise<string[]> {
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
  throw new Error("The walk does not end.");
}

/** What the walk must give, by sorting and filtering everything. */
function expected(rows: EventRow[], question: EventQuestion): string[] {
  const { order, from, to } = question.range;
  const matching = rows.filter(
    (row) =>
      (question.session ?? row.session) === row.session &&
      (question.category ?? row.category) === row.category &&
      (question.name ?? row.name) === row.name &&
      (question.application ?? row.application) === row.application &&
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

/** Few moments, so that equal timestamps and equal receipts abound; some minutes apart, so that minutes matter. */
const anyRow = fc
  .record({
    session: fc.constantFrom(...SESSIONS),
    category: fc.constantFrom("page interaction", "form interaction"),
    name: fc.constantFrom("pageview", "submit", "rare"),
    application: fc.constantFrom("shop", "blog"),
    occurredAt: fc
      .tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom(0, 1, 30 * SECOND))
      .map(([minute, rest]) => MORNING + minute * MINUTE + rest),
    late: fc.constantFrom(0, 1000),
  })
  .map(({ late, ...row }) => ({ ...row, receivedAt: row.occurredAt + late }));

const anyQuestion = fc.record({
  session: fc.option(fc.constantFrom(...SESSIONS), { freq: 3 }),
  category: fc.option(fc.constantFrom("page interaction", "form interaction", "none such")),
  name: fc.option(fc.constantFrom("pageview", "submit", "rare")),
  application: fc.option(fc.constantFrom("shop", "blog")),
  range: fc.record({
    order: fc.constantFrom("asc" as const, "desc" as const),
    from: fc.option(fc.constantFrom(MORNING, MORNING + MINUTE + 1, MORNING + 2 * MINUTE)),
    to: fc.option(fc.constantFrom(MORNING + 2 * MINUTE, MORNING + 5 * MINUTE + 30 * SECOND)),
    after: fc.constant(null),
  }),
  limit: fc.constantFrom(1, 3, 10, 100),
});

describe("findEvents", () => {
  it("walks through exactly what sorting and filtering everything gives, whatever is asked", async () => {
    for (const [seed, size] of [
      [1, 12],
      [2, 150],
    ] as const) {
      await emptyDatabases();
      const sample = fc.sample(anyRow, { numRuns: size, seed });
      const rows = sample.map((row) => eventRow(row));
      await store(databases, { events: rows });
      await fc.assert(
        fc.asyncProperty(anyQuestion, async (question) => {
          expect(await walk(question)).toEqual(expected(rows, question));
        }),
        { numRuns: 40, seed },
      );
    }
  });

  it("neither repeats nor skips an event while others arrive between the pages", async () => {
    const rows = fc.sample(anyRow, { numRuns: 120, seed: 3 }).map((row) => eventRow(row));
    await store(databases, { events: rows });
    let seed = 100;
    for (const question of [
      everything,
      { ...everything, range: { ...everything.range, order: "desc" as const } },
      { ...everything, name: "rare" },
      { ...everything, session: "alpha", name: "pageview" },
    ]) {
      const before = [...rows];
      const names = await walk(question, async () => {
        const arrived = fc.sample(anyRow, { numRuns: 3, seed: seed++ }).map((row) => eventRow(row));
        // Those that arrive as fast as the walk goes on would keep it going for ever.
        if (rows.length - before.length < 60) {
          rows.push(...arrived);
          await store(databases, { events: arrived });
        }
      });
      expect(new Set(names).size).toBe(names.length);
      const seen = new Set(names);
      expect(expected(before, question).filter((name) => !seen.has(name))).toEqual([]);
    }
  });

  it("orders equal timestamps by receipt", async () => {
    const session = "e2085be5-9137-4e4e-80b5-f1ffddc25423";
    const rows = [3, 1, 2].map((sequence) => eventRow({ session, sequence, receivedAt: MORNING + sequence }));
    await store(databases, { events: rows });
    const { rows: found } = await findEvents(databases, { ...everything, session });
    expect(found.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  it("returns an event as it was stored", async () => {
    const row = eventRow({
      session: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
      id: "0d3cbf8c-6f4e-4b5a-9d67-3f1f2a6b7c8d",
      data: `{"text":"${"ä".repeat(20_000)}"}`,
      occurredAt: MORNING + 243_861,
    });
    await store(databases, { events: [row] });
    const { rows } = await findEvents(databases, everything);
    const { key: _, ...found } = rows[0] ?? { key: null };
    const { opens: __, ...stored } = row;
    expect(found).toEqual(stored);
  });

  it("ends a page early when its payloads are large, and goes on with the next", async () => {
    const data = JSON.stringify({ text: "x".repeat(32_000) });
    const rows = Array.from({ length: 200 }, (_, n) =>
      eventRow({ session: `large ${n % 9}`, occurredAt: MORNING + n, data }),
    );
    await store(databases, { events: rows });
    const { rows: first, next } = await findEvents(databases, { ...everything, limit: 1_000 });
    expect(first.length).toBe(Math.floor(MAX_PAGE_CONTENT / data.length));
    expect(next).not.toBeNull();
    expect(await walk({ ...everything, limit: 1_000 })).toEqual(expected(rows, everything));
  });
});
