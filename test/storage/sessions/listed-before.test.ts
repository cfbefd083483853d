import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import { listedBefore, type PassedScan } from "../../../src/storage/sessions/listed-before";
import { at, before, databases, emptySessions, storeSessions, withMap } from "./morning-sessions";

beforeAll(async () => {
  await emptySessions();
  await storeSessions({ early: [0, 10], at: [60], later: [0, 61], last: [200] });
  await storeSessions({ unknown: [70] }, { receivedAt: at(900) });
});

async function listed(changes: Partial<PassedScan> = {}, sessions = ["early", "at", "later", "last", "unknown"]) {
  const conditions = new Map(databases.map((database) => [database, sql`true`] as const));
  const scan = { from: null, to: null, after: before(60), asOf: at(500), conditions, ...changes };
  const found = await withMap((map) => listedBefore({ databases, bucket: null }, map, scan, sessions));
  return [...found].sort();
}

it("returns the sessions with a known event at or above the cursor", async () => {
  expect(await listed()).toEqual(["at", "last", "later"]);
  expect(await listed({ asOf: at(1_000) })).toEqual(["at", "last", "later", "unknown"]);
});

it("looks only at events of the range and of the condition", async () => {
  expect(await listed({ to: at(61) })).toEqual(["at", "later"]);
  expect(await listed({ from: at(61) })).toEqual(["last", "later"]);
  const conditions = new Map(databases.map((database) => [database, sql`e.id = 'last 200'`] as const));
  expect(await listed({ conditions })).toEqual(["last"]);
});

it("returns nothing for the first page, or without sessions", async () => {
  expect(await listed({ after: null })).toEqual([]);
  expect(await listed({}, [])).toEqual([]);
});
