import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { EventCode } from "../../src/model/codes";
import type { Database } from "../../src/storage/databases";
import { failurePath } from "../../src/storage/failure-counts";
import type { ErrorRow } from "../../src/storage/rows";
import { writeBatch } from "../../src/storage/write-batch";
import { meter } from "../pipeline/meter";
import { errorRow, eventRow, MINUTE, MORNING } from "./seed";

const database: Database = { index: 0, binding: env.DB };
const TABLES = ["failures", "errors", "events", "counts", "series_minutes"];

const write = (errors: ErrorRow[], to = database) => writeBatch(to, { events: [], errors, parts: [] });

async function counted(): Promise<[string, number][]> {
  const { results } = await env.DB.prepare(
    "SELECT seconds, code, bucket, application, category, name, path, events FROM failures",
  ).all<Record<string, string | number>>();
  return results.map(({ events, ...cell }): [string, number] => [JSON.stringify(Object.values(cell)), Number(events)]);
}

/** What must be counted for these errors, in the plainest way. */
function expected(errors: ErrorRow[]): Map<string, number> {
  const cells = new Map<string, number>();
  for (const { issues, receivedAt, application, category, name } of errors) {
    const kinds = new Set(
      [["", ""], ...issues.map(({ code, path }) => [code, path])].map((kind) => JSON.stringify(kind)),
    );
    for (const seconds of [60, 3600, 86400]) {
      for (const [code, path] of [...kinds].map((kind): [string, string] => JSON.parse(kind))) {
        const bucket = Math.floor(receivedAt / 1_000_000 / seconds) * seconds;
        const key = JSON.stringify([seconds, code, bucket, application ?? "", category ?? "", name ?? "", path]);
        cells.set(key, (cells.get(key) ?? 0) + 1);
      }
    }
  }
  return cells;
}

beforeEach(async () => {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

const anyIssue = fc.record({
  code: fc.constantFrom<EventCode>("data_invalid", "name_invalid", "timestamp_invalid"),
  path: fc.constantFrom("", "/data", "/data/a~1b"),
  message: fc.constantFrom("one", "another"),
});

const anyErrors = fc.array(
  fc.record({
    receivedAt: fc.nat({ max: 90 }).map((minute) => MORNING + minute * MINUTE + 1),
    application: fc.constantFrom("shop", null),
    category: fc.constantFrom("a", "b", null),
    name: fc.constantFrom("n", null),
    issues: fc.array(anyIssue, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 25 },
);

describe("failures", () => {
  it("are counted exactly, in whatever overlapping batches the errors come", async () => {
    await fc.assert(
      fc.asyncProperty(anyErrors, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }), async (drafts, cuts) => {
        await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
        const errors = drafts.map((draft, index) => errorRow({ ...draft, id: `error-${index}` }));
        for (const [a, b] of [...cuts, [0, errors.length] as const]) {
          const part = errors.slice(Math.min(a, b) % errors.length, Math.max(a, b));
          await write([...part, ...part.slice(0, 2)]);
        }
        expect((await counted()).sort()).toEqual([...expected(errors)].sort());
      }),
      { numRuns: 40 },
    );
  });

  it("name an error that can be shown", async () => {
    await write([errorRow({ id: "older" })]);
    await write([errorRow({ id: "newer" })]);
    const { results } = await env.DB.prepare("SELECT DISTINCT last_error_id AS id FROM failures").all();
    expect(results).toEqual([{ id: "newer" }]);
  });

  it("cost nothing for a good event, and nothing when an error comes again", async () => {
    await write([errorRow({ id: "known" })]);
    const { databases, statements, rowsWritten } = meter([database]);
    for (const one of databases) await write([errorRow({ id: "known" })], one);
    expect(rowsWritten()).toBe(0);
    const before = statements()[0] ?? 0;
    for (const one of databases) await writeBatch(one, { events: [eventRow()], errors: [], parts: [] });
    expect((statements()[0] ?? 0) - before).toBe(5);
  });
});

it.each([
  ["/data/items/17/price", "/data/items/*/price"],
  ["/data/items/0", "/data/items/*"],
  ["/data/0/1/2", "/data/*/*/*"],
  ["/data/v2/17th", "/data/v2/17th"],
  ["", ""],
])("the path %s is counted as %s", (path, as) => {
  expect(failurePath(path)).toBe(as);
});

it("a path without end is counted by its beginning, which is text that a database takes", () => {
  expect(failurePath(`/${"x".repeat(198)}\u{1F600}`)).toHaveLength(200);
  expect(failurePath(`/${"x".repeat(198)}\u{1F600}`).isWellFormed()).toBe(true);
});
