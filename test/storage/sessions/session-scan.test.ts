import { beforeAll, expect, it } from "vitest";
import { ANY_SESSION } from "../../../src/storage/sessions/session-filter";
import { type SessionScan, scanForSessions } from "../../../src/storage/sessions/session-scan";
import { at, databases, emptySessions, placesOf, storeSessions, withMap } from "./morning-sessions";

beforeAll(async () => {
  await emptySessions();
  await storeSessions({ a: [0, 70], b: [10] });
  await storeSessions({ c: [130] }, { name: "click" });
  await storeSessions({ late: [20] }, { receivedAt: at(500) });
});

async function scan(changes: Partial<SessionScan>) {
  const range = { order: "desc" as const, from: null, to: null, after: null };
  const asked = { range, filter: ANY_SESSION, limit: 10, asOf: at(200), ...changes };
  const found = await withMap((map) => scanForSessions({ databases, bucket: null }, map, asked));
  return { ...found, places: placesOf(found.rows.map(({ key }) => key)) };
}

it("returns the keys of events, newest first, without those received after the scan began", async () => {
  const { places, next, isCold } = await scan({});
  expect(places).toEqual(["c 130", "a 70", "b 10", "a 0"]);
  expect([next, isCold]).toEqual([null, false]);
  expect((await scan({ asOf: at(600) })).places).toContain("late 20");
});

it("returns only events of the range and the filter", async () => {
  const range = { order: "desc" as const, from: at(10), to: at(70), after: null };
  expect((await scan({ range })).places).toEqual(["a 70", "b 10"]);
  expect((await scan({ filter: { ...ANY_SESSION, name: "click" } })).places).toEqual(["c 130"]);
  expect((await scan({ filter: { ...ANY_SESSION, name: "pageview" }, asOf: at(20) })).places).toEqual(["b 10", "a 0"]);
});

it("continues below a cursor", async () => {
  const { rows } = await scan({});
  const range = { order: "desc" as const, from: null, to: null, after: rows[1]?.key ?? null };
  expect((await scan({ range })).places).toEqual(["b 10", "a 0"]);
});
