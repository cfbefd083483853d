import { beforeAll, describe, expect, it } from "vitest";
import { findVisitorSessions, type VisitPlace, visitsOf } from "../../../src/storage/sessions/visitor-sessions";
import { at, databases, emptySessions, storeSessions, withMap } from "./morning-sessions";

beforeAll(async () => {
  await emptySessions();
  await storeSessions({ b: [5, 70], a: [65], c: [0], d: [190] }, { visitor: "vera" });
  await storeSessions({ other: [100] }, { visitor: "bert" });
});

describe("a visitor's sessions", () => {
  it("come most recently active first, then by id, with their times", async () => {
    const { rows, next, sessions } = await findVisitorSessions(databases, "vera", { limit: 10, after: null });
    expect(rows.map(({ session, times }) => [session, times.firstEventAt, times.lastEventAt])).toEqual([
      ["d", at(190), at(190)],
      ["a", at(65), at(65)],
      ["b", at(5), at(70)],
      ["c", at(0), at(0)],
    ]);
    expect([next, sessions]).toEqual([null, 4]);
  });

  it("have pages", async () => {
    const pages: string[][] = [];
    let after: VisitPlace | null = null;
    do {
      const page = await findVisitorSessions(databases, "vera", { limit: 3, after });
      pages.push(page.rows.map(({ session }) => session));
      after = page.next;
    } while (after !== null);
    expect(pages).toEqual([["d", "a", "b"], ["c"]]);
  });

  it("are none for an unknown visitor", async () => {
    const page = await findVisitorSessions(databases, "nobody", { limit: 3, after: null });
    expect(page).toEqual({ rows: [], next: null, sessions: 0 });
  });

  it("are each known by the last quarter of an hour with an event, over partitions", async () => {
    const visits = await withMap((map) => visitsOf(databases, map, "vera"));
    const quarter = (minute: number) => at(minute) / 900_000_000;
    expect(Object.fromEntries(visits)).toEqual({ a: quarter(60), b: quarter(60), c: quarter(0), d: quarter(180) });
  });
});
