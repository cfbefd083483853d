import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { type Database, databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { chainsOf, growingGroups, lanesIn, readAll } from "../../../src/storage/scan/lane-chains";
import { partitionOf } from "../partitions/sample-partition";
import { watch } from "../watched-database";

const databases = databasesOf(env);
const home = firstDatabase(databases);

const suffixes = (partitions: Parameters<typeof chainsOf>[1], holds?: Parameters<typeof chainsOf>[2]) =>
  chainsOf(databases, partitions, holds).map(({ database, lanes }) => [
    database.index,
    ...lanes.map(({ suffix }) => suffix),
  ]);

describe("chains", () => {
  it("have up to five lanes of one database, in the order of the partitions", () => {
    const partitions = Array.from({ length: 7 }, (_, n) =>
      partitionOf({ id: n + 1, databases: n === 0 ? [0, 1] : [0] }),
    );
    expect(suffixes(partitions)).toEqual([
      [0, "1", "2", "3", "4", "5"],
      [0, "6", "7"],
      [1, "1"],
    ]);
  });

  it("never mix main lanes and late lanes", () => {
    const late = partitionOf({ id: 1, state: "sealed", late: true });
    expect(suffixes([late, partitionOf({ id: 2 })])).toEqual([
      [0, "1s", "2"],
      [0, "1l"],
    ]);
  });

  it("leave out partitions that are not ready, dropped, or not requested", () => {
    const partitions = [
      partitionOf({ id: 1, ready: false }),
      partitionOf({ id: 2, state: "dropped" }),
      partitionOf({ id: 3 }),
      partitionOf({ id: 4 }),
    ];
    expect(suffixes(partitions, ({ id }) => id !== 4)).toEqual([[0, "3"]]);
  });
});

it("a late lane refers to its main lane, which has the event if both have it", () => {
  const [main, late] = lanesIn(partitionOf({ state: "sealed", late: true }), home);
  expect([main?.main, late?.main]).toEqual([null, { partition: main?.partition, suffix: "1s" }]);
  const [alone] = lanesIn(partitionOf({ state: "dropped", late: true }), home);
  expect(alone).toMatchObject({ suffix: "1l", main: null });
});

describe("readAll", () => {
  it("returns the rows of each statement in the given order, from any database", async () => {
    const statements = [2, 0, 1, 0, 2].map((index, place) => ({
      database: databases[index] ?? home,
      statement: sql`SELECT ${place} AS place, ${index} AS home`,
    }));
    expect((await readAll(statements)).flat()).toEqual([2, 0, 1, 0, 2].map((index, place) => ({ place, home: index })));
  });

  it("calls a database once for up to a hundred statements", async () => {
    const calls: number[] = [];
    const counting = (database: Database): Database => {
      const session = database.binding.withSession.bind(database.binding);
      const withSession: typeof session = (constraint) => {
        const own = session(constraint);
        const batch: typeof own.batch = (some) => {
          calls.push(some.length);
          return own.batch(some);
        };
        return Object.assign(Object.create(own), { batch, prepare: (text: string) => own.prepare(text) });
      };
      return { ...database, binding: Object.assign(Object.create(database.binding), { withSession }) };
    };
    const database = counting(home);
    const found = await readAll(
      Array.from({ length: 101 }, (_, n) => ({ database, statement: sql`SELECT ${n} AS n` })),
    );
    expect(calls).toEqual([100, 1]);
    expect(found.at(-1)).toEqual([{ n: 100 }]);
  });

  it("makes no call if there are no statements", async () => {
    const { database, queries } = watch(home);
    expect(await readAll([])).toEqual([]);
    expect(database.index).toBe(0);
    expect(queries).toEqual([]);
  });
});

it("growingGroups grow fourfold up to a limit, and leave nothing out", () => {
  const items = Array.from({ length: 50 }, (_, n) => n);
  const groups = [...growingGroups(items, 16)];
  expect(groups.map(({ length }) => length)).toEqual([1, 4, 16, 16, 13]);
  expect(groups.flat()).toEqual(items);
  expect([...growingGroups([], 16)]).toEqual([]);
});
