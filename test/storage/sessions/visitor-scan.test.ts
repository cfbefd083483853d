import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import { MAX_SESSION_LIST_ROWS } from "../../../src/storage/core/read-limits";
import { scanVisitor, type VisitorScan } from "../../../src/storage/sessions/visitor-scan";
import { at, databases, emptySessions, placesOf, storeSessions, withMap } from "./morning-sessions";

beforeAll(async () => {
  await emptySessions();
  await storeSessions({ a: [0, 70], b: [130, 20] }, { visitor: "vera" });
  await storeSessions({ b: [140], other: [10] }, { visitor: "bert" });
});

async function scan(changes: Partial<VisitorScan> = {}) {
  const conditions = new Map(databases.map((database) => [database, sql`true`] as const));
  const range = { order: "desc" as const, from: null, to: null, after: null };
  const asked = { visitor: "vera", range, asOf: at(500), conditions, meter: { rowsRead: 0 }, ...changes };
  const found = await withMap((map) => scanVisitor(databases, map, asked));
  return found === null ? null : placesOf(found);
}

it("returns each session of a visitor by its last event, newest first", async () => {
  expect(await scan()).toEqual(["b 140", "a 70"]);
  expect(await scan({ visitor: "nobody" })).toEqual([]);
});

it("takes the last event that meets the condition and is below the cursor", async () => {
  const conditions = new Map(databases.map((database) => [database, sql`e.visitor_id = 'vera'`] as const));
  expect(await scan({ conditions })).toEqual(["b 130", "a 70"]);
  const range = { order: "desc" as const, from: null, to: at(100), after: null };
  expect(await scan({ range })).toEqual(["a 70", "b 20"]);
  expect(await scan({ range: { ...range, from: at(60) } })).toEqual(["a 70"]);
});

it("stops if earlier queries of the page have read too many rows", async () => {
  expect(await scan({ meter: { rowsRead: MAX_SESSION_LIST_ROWS + 1 } })).toBeNull();
});
