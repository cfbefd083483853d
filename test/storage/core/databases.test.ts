import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";

describe("databasesOf", () => {
  it("lists the bindings by number instead of by name", () => {
    const binding = env.DB;
    const names = ["DB_10", "DB_2", "DB_1", "DB", ...[3, 4, 5, 6, 7, 8, 9].map((index) => `DB_${index}`)];
    const bindings = new Map(names.map((name): [string, object] => [name, Object.create(binding)]));
    const found = databasesOf(
      Object.fromEntries([...bindings, ["KEYS", {}], ["DB_OLD", {}], ["MYDB", {}], ["DB_01", {}]]),
    );
    expect(found.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const { index, binding: own } of found) expect(own).toBe(bindings.get(index === 0 ? "DB" : `DB_${index}`));
  });

  it("throws an error with the missing binding and the fix", () => {
    const binding = env.DB;
    expect(() => databasesOf({ DB: binding, DB_2: binding })).toThrow(/binding DB_1 is missing.*\[\[d1_databases\]\]/);
    expect(() => databasesOf({ DB_1: binding })).toThrow(/binding DB is missing/);
    expect(() => databasesOf({ DB: "text" })).toThrow(/binding DB is missing/);
  });
});

it("firstDatabase returns DB, and throws without one", () => {
  expect(firstDatabase(databasesOf(env)).binding).toBe(env.DB);
  expect(() => firstDatabase([])).toThrow("The binding DB is missing.");
});
