import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../../src/storage/core/databases";
import { readerOf } from "../../../src/storage/core/reader";
import { seriesOf } from "../../../src/storage/counts/series";
import type { EventRow } from "../../../src/storage/write/rows";
import { isSeriesMissing, noteStoredSeries, storedSeries } from "../../../src/storage/write/stored-series";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { MAX_NEW_SERIES_PER_DAY } from "../../../src/storage/write/write-series";
import { expectExactCounts } from "../counts-beside-events";
import { changedDatabase } from "../failing-database";
import { eventRow } from "../seed";
import { all, beginAnew, database, lane, rowsOf } from "./one-lane";

/** The statements of each transaction. */
let sizes: number[] = [];

/** A binding of its own, of which nothing is known yet. */
let counted: Database;

beforeEach(async () => {
  await beginAnew();
  sizes = [];
  const batch: D1Database["batch"] = (statements) => {
    sizes.push(statements.length);
    return env.DB.batch(statements);
  };
  counted = changedDatabase(database, { batch });
});

const writeCounted = (...events: EventRow[]) => writeBatch(counted, rowsOf({ events }));

const isKnown = (row: EventRow) =>
  storedSeries(counted.binding).has(JSON.stringify([row.category, row.name, row.application]));

const seriesNames = async () =>
  (await all<{ name: string }>("SELECT name FROM series WHERE name <> ''")).map(({ name }) => name).toSorted();

describe("dimension keys that a write has found stored", () => {
  it("are not added by the next write, which adds only the others", async () => {
    await writeCounted(eventRow({ name: "one" }));
    await writeCounted(eventRow({ name: "one" }));
    await writeCounted(eventRow({ name: "one" }), eventRow({ name: "two" }));
    await writeCounted(eventRow({ name: "two" }), eventRow({ name: "one" }));
    const [first = 0, second = 0] = sizes;
    expect(sizes).toEqual([first, first - 4, first, first - 4]);
    expect(second).toBeGreaterThan(0);
    expect(await seriesNames()).toEqual(["one", "two"]);
    await expectExactCounts([database]);
  });

  it("are recognised whatever their text", async () => {
    const names = [
      '"quoted"',
      "back\\slash",
      "é 日本 🦊",
      "line\nbreak\t",
      "\u0001\u007f",
      "\u2028",
      "null",
      "1",
      "[]",
      "'",
    ];
    const rows = names.map((name) => eventRow({ name, category: name, application: name }));
    await writeCounted(...rows);
    for (const row of rows) expect(isKnown(row), row.name).toBe(true);
    await writeCounted(...rows.map(({ name }) => eventRow({ name, category: name, application: name })));
    expect(await seriesNames()).toEqual(names.toSorted());
    await expectExactCounts([database]);
  });

  it("do not include those that are counted under the overflow key", async () => {
    const many = Array.from({ length: MAX_NEW_SERIES_PER_DAY }, (_, n) => eventRow({ name: `type ${n}` }));
    await writeCounted(...many);
    const excess = eventRow({ name: "one too many" });
    await writeCounted(excess);
    expect(isKnown(excess)).toBe(false);
    await writeCounted(eventRow({ name: "one too many" }));
    expect(sizes[2]).toBe(sizes[1]);
    // Another application is not affected.
    const other = eventRow({ name: "one too many", application: "other" });
    await writeCounted(other);
    expect(isKnown(other)).toBe(true);
    await expectExactCounts([database]);
  });

  it("are only those of a transaction that was committed", async () => {
    const row = eventRow({ name: "refused" });
    const refuse = () => Promise.reject(new Error("D1 DB is overloaded"));
    await expect(writeBatch(changedDatabase(counted, { batch: refuse }), rowsOf({ events: [row] }))).rejects.toThrow();
    expect(isKnown(row)).toBe(false);
  });
});

async function nameOf(id: number | null): Promise<string | undefined> {
  const found = await seriesOf(counted, readerOf(counted), id === null ? [] : [id]);
  return found.get(id ?? 0)?.name;
}

describe("a database that was restored to a state without a dimension key", () => {
  it("gets it again with the next write, which fails as a whole and is repeated", async () => {
    await writeCounted(eventRow({ name: "kept" }));
    const before = await all("SELECT * FROM series");
    await writeCounted(eventRow({ name: "lost" }));
    const lostId = await env.DB.prepare("SELECT series_id FROM series WHERE name = 'lost'").first<number>("series_id");
    expect(await nameOf(lostId)).toBe("lost");
    // Another one takes its number, and an overflow key is there.
    await env.DB.batch([
      env.DB.prepare("DELETE FROM series WHERE name = 'lost'"),
      env.DB.prepare("DELETE FROM series_hours"),
      env.DB.prepare(
        "INSERT INTO series (category_id, name, application, first_day) SELECT category_id, 'another', application, first_day FROM series",
      ),
      env.DB.prepare(
        "INSERT INTO series (category_id, name, application, first_day) SELECT 1, '', application, first_day FROM series LIMIT 1",
      ),
    ]);
    expect(before).toHaveLength(1);
    sizes = [];
    await writeCounted(eventRow({ id: "new", name: "lost" }), eventRow({ name: "kept" }));
    expect(sizes).toEqual([(sizes[1] ?? 0) - 4, sizes[1]]);
    const found = await all<{ name: string; type: string | null }>(
      `SELECT s.name, e.type FROM events_${lane.suffix} AS e JOIN series AS s USING (series_id) WHERE e.id = 'new'`,
    );
    expect(found).toEqual([{ name: "lost", type: null }]);
    expect(await seriesNames()).toEqual(["another", "kept", "lost"]);
    // Its number belongs to another key now, which readers of this isolate had cached.
    expect(await nameOf(lostId)).toBe("another");
  });
});

describe("the memory of dimension keys", () => {
  it("is bounded", () => {
    const answer = (n: number) => ({ results: [{ stored_series: `["","${n}",""]` }] });
    noteStoredSeries(
      counted.binding,
      Array.from({ length: 10_000 }, (_, n) => answer(n)),
    );
    expect(storedSeries(counted.binding).has('["","0",""]')).toBe(true);
    noteStoredSeries(counted.binding, [answer(10_000)]);
    expect(storedSeries(counted.binding).has('["","0",""]')).toBe(false);
    expect(storedSeries(counted.binding).has('["","10000",""]')).toBe(true);
  });

  it("is given up only for a missing key", () => {
    expect(isSeriesMissing("D1_ERROR: NOT NULL constraint failed: events_12s.series_id: SQLITE_CONSTRAINT")).toBe(true);
    expect(isSeriesMissing("D1_ERROR: UNIQUE constraint failed: events_12.slot")).toBe(false);
    expect(isSeriesMissing("D1_ERROR: NOT NULL constraint failed: events_12.data")).toBe(false);
  });
});
