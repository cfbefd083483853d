import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../../src/storage/core/databases";
import { laneToWrite, type Partition } from "../../../src/storage/partitions/partition";
import type { EventRow } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { MAX_NEW_SERIES_PER_DAY, MAX_SERIES } from "../../../src/storage/write/write-series";
import { expectExactCounts } from "../counts-beside-events";
import { emptyDatabases } from "../empty-databases";
import { DAY, eventRow, MORNING, partitionsOf } from "../seed";

const database: Database = { index: 0, binding: env.DB };

let partition: Partition;

async function write(rows: EventRow[]) {
  return writeBatch(database, { events: [{ lane: laneToWrite(partition), rows }], errors: [], parts: [] });
}

async function all<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
  return (await env.DB.prepare(sql).all<Row>()).results;
}

/** Events of so many types, received on a given day. */
function typesOf(count: number, { day = 0, prefix = "type", application = "shop" } = {}): EventRow[] {
  return Array.from({ length: count }, (_, n) =>
    eventRow({ name: `${prefix} ${n}`, application, receivedAt: MORNING + day * DAY + n }),
  );
}

/** The dimension keys of an application: their number besides the overflow key, and whether it has one. */
async function seriesOf(application = "shop") {
  const [found] = await all<{ own: number; overflow: number }>(
    `SELECT sum(category <> '') AS own, sum(category = '') AS overflow FROM series JOIN categories USING (category_id)
     WHERE application = '${application}'`,
  );
  return found;
}

/** The events with overflow keys, with the types that they store. */
async function overflowing(): Promise<string[]> {
  const rows = await all<{ words: string }>(
    `SELECT application || ' ' || (type ->> 0) || ' ' || (type ->> 1) AS words FROM events_${partition.id}
     JOIN series USING (series_id) JOIN categories USING (category_id) WHERE category = '' AND name = ''`,
  );
  return rows.map(({ words }) => words);
}

beforeEach(async () => {
  await emptyDatabases([database]);
  const found = (await partitionsOf([database]).covering([MORNING])).find(MORNING);
  if (found === null) throw new Error("no partition covers the morning");
  partition = found;
});

describe("new event types of an application", () => {
  it("are limited to a thousand a day; the events of others store their type and are counted together", async () => {
    await write(typesOf(1_200));
    expect(await seriesOf()).toEqual({ own: MAX_NEW_SERIES_PER_DAY, overflow: 1 });
    const others = Array.from({ length: 200 }, (_, n) => `shop page interaction type ${1_000 + n}`);
    expect((await overflowing()).toSorted()).toEqual(others.toSorted());
    expect(await all(`SELECT count(*) AS n FROM events_${partition.id} WHERE type IS NULL`)).toEqual([{ n: 1_000 }]);
    await expectExactCounts([database]);
  });

  it("are a thousand more on the next day, including those left over", async () => {
    await write(typesOf(1_200));
    await write(typesOf(10, { prefix: "one more" }));
    expect(await seriesOf()).toEqual({ own: 1_000, overflow: 1 });
    await write(typesOf(1_200, { day: 1 }));
    expect(await seriesOf()).toEqual({ own: 1_200, overflow: 1 });
    await write(typesOf(1_200, { day: 1, prefix: "another" }));
    expect(await seriesOf()).toEqual({ own: 2_000, overflow: 1 });
    expect(await overflowing()).toHaveLength(200 + 10 + 400);
  });

  it("are limited to five thousand in total", async () => {
    for (let day = 0; day < 7; day++) await write(typesOf(1_000, { day, prefix: `day ${day}` }));
    const found = await seriesOf();
    expect(found).toEqual({ own: MAX_SERIES, overflow: 1 });
    expect(await overflowing()).toHaveLength(2_000);
    // Known types are counted as before.
    await write(typesOf(1_000, { day: 7, prefix: "day 0" }));
    expect(await overflowing()).toHaveLength(2_000);
    await expectExactCounts([database]);
  });

  it("are limited for each application separately", async () => {
    await write([...typesOf(1_100), ...typesOf(1_000, { application: "blog" })]);
    expect(await seriesOf()).toEqual({ own: 1_000, overflow: 1 });
    expect(await seriesOf("blog")).toEqual({ own: 1_000, overflow: 0 });
  });

  it("are limited across the statements of one batch", async () => {
    const data = JSON.stringify({ text: "x".repeat(2_000) });
    await write(typesOf(1_200).map((row) => ({ ...row, data })));
    expect(await seriesOf()).toEqual({ own: 1_000, overflow: 1 });
    expect(await overflowing()).toHaveLength(200);
  });

  it("leave no category without a dimension key", async () => {
    await write(typesOf(1_200).map((row, n) => ({ ...row, category: `category ${n}` })));
    const [found] = await all("SELECT count(*) AS n FROM categories WHERE category <> ''");
    expect(found).toEqual({ n: 1_000 });
  });
});

describe("an event with the overflow key", () => {
  it("that is delivered again is the same event, even after its type got a dimension key", async () => {
    const events = typesOf(1_010);
    await write(events);
    const last = events.slice(-1);
    expect((await write(last)).duplicates).toHaveLength(1);
    await write(typesOf(1_010, { day: 1 }));
    expect((await write(last)).duplicates).toHaveLength(1);
    expect(await seriesOf()).toEqual({ own: 1_010, overflow: 1 });
    await expectExactCounts([database]);
  });

  it("is not a copy of one with another type", async () => {
    const events = typesOf(1_010);
    await write(events);
    const rivals = events.slice(-1).map((row) => ({ ...row, name: "another" }));
    expect((await write(rivals)).conflicts).toHaveLength(1);
  });

  it("is in the index of rare categories unless its own category is common", async () => {
    await write(typesOf(1_000));
    partition = { ...partition, common: new Map([["common", 0]]) };
    await write(
      ["common", "rare"].map((category) => eventRow({ category, name: "new", receivedAt: MORNING + DAY / 2 })),
    );
    const rows = await all(
      `SELECT type ->> 0 AS category, rare FROM events_${partition.id} WHERE type IS NOT NULL ORDER BY 1`,
    );
    expect(rows).toEqual([
      { category: "common", rare: null },
      { category: "rare", rare: 1 },
    ]);
  });
});
