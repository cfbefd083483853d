import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidateDatabases, databasesOf, homeDatabase } from "../../src/storage/databases";

describe("databasesOf", () => {
  it("lists the bindings by their numbers, not by their names' order", () => {
    const binding = env.DB;
    const names = ["DB_10", "DB_2", "DB_1", "DB", ...[3, 4, 5, 6, 7, 8, 9].map((index) => `DB_${index}`)];
    const bindings = new Map(names.map((name): [string, object] => [name, Object.create(binding)]));
    const found = databasesOf(
      Object.fromEntries([...bindings, ["KEYS", {}], ["DB_OLD", {}], ["MYDB", {}], ["DB_01", {}]]),
    );
    expect(found.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const { index, binding: own } of found) expect(own).toBe(bindings.get(index === 0 ? "DB" : `DB_${index}`));
  });

  it("names the binding that is missing, and how to mend it", () => {
    const binding = env.DB;
    expect(() => databasesOf({ DB: binding, DB_2: binding })).toThrow(/binding DB_1 is missing.*\[\[d1_databases\]\]/);
    expect(() => databasesOf({ DB_1: binding })).toThrow(/binding DB is missing/);
    expect(() => databasesOf({ DB: "text" })).toThrow(/binding DB is missing/);
  });
});

describe("the databases of a session", () => {
  const anySession = fc.oneof(fc.uuid(), fc.string({ minLength: 1 }));
  const anyNumber = fc.integer({ min: 1, max: 12 });

  it("change by an added one only towards it", () => {
    fc.assert(
      fc.property(anySession, anyNumber, (session, databases) => {
        const before = homeDatabase(session, databases);
        expect([before, databases]).toContain(homeDatabase(session, databases + 1));
      }),
    );
  });

  it("hold among the candidates the home that it had under every shorter list, and its home last", () => {
    fc.assert(
      fc.property(anySession, anyNumber, anyNumber, (session, a, b) => {
        const candidates = candidateDatabases(session, Math.max(a, b));
        expect(candidates).toContain(homeDatabase(session, Math.min(a, b)));
        expect(candidates.at(-1)).toBe(homeDatabase(session, Math.max(a, b)));
        expect(new Set(candidates).size).toBe(candidates.length);
        expect(candidates.every((index) => index < Math.max(a, b))).toBe(true);
      }),
    );
  });

  it("have their even share of the sessions", () => {
    const homes = Array.from({ length: 3_000 }, (_, index) => homeDatabase(`session-${index}`, 3));
    for (const index of [0, 1, 2]) expect(homes.filter((home) => home === index).length).toBeGreaterThan(900);
  });
});
