import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { Partition } from "../../../src/storage/partitions/partition";
import type { EventRow } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { expectExactCounts } from "../counts-beside-events";
import { changedDatabase } from "../failing-database";
import { eventRow, HOUR, MINUTE, MORNING, SECOND } from "../seed";
import { meter } from "../watched-database";

import { all, beginAnew, database, lane, partition, rowsOf, storedIds, write } from "./one-lane";

beforeEach(beginAnew);

describe("the cost of a write", () => {
  /** The rows that D1 bills for each event. */
  const rowsWrittenFor = async (events: EventRow[], common: Partition["common"]) => {
    const { database: metered, cost } = meter(database);
    const own = { ...lane, partition: { ...partition, common } };
    await writeBatch(metered, { events: [{ lane: own, rows: events }], errors: [], parts: [] });
    return { written: cost.written, read: cost.read };
  };
  const common = new Map([["page interaction", 0]]);

  it("is at most 1.35 rows an event for a hundred events of ten sessions", async () => {
    await write({ events: [eventRow({ occurredAt: MORNING - 2 * HOUR })] });
    const events = Array.from({ length: 100 }, (_, n) =>
      eventRow({ session: `session-${n % 10}`, occurredAt: MORNING + (n % 59) * SECOND }),
    );
    const { written } = await rowsWrittenFor(events, common);
    // A row for each event, one for each session's window, a minute, an hour and a day, the same by receipt, and the
    // dimension key's hour.
    expect(written).toBe(100 + 10 + 7);
    expect(written / events.length).toBeLessThanOrEqual(1.35);
  });

  it("is at most 1.35 rows an event if the hundred events are in ten minutes and have ten types and visitors", async () => {
    const draft = (n: number) => ({
      name: `name ${n % 10}`,
      session: `session-${n % 10}`,
      visitor: `visitor-${n % 10}`,
    });
    await write({
      events: Array.from({ length: 10 }, (_, n) => eventRow({ ...draft(n), occurredAt: MORNING - MINUTE })),
    });
    await write({ events: Array.from({ length: 10 }, (_, n) => eventRow(draft(n))) });
    const events = Array.from({ length: 100 }, (_, n) =>
      eventRow({ ...draft(n), occurredAt: MORNING + (n % 10) * MINUTE + SECOND, receivedAt: MORNING + 10 * MINUTE }),
    );
    const { written } = await rowsWrittenFor(events, common);
    expect(written).toBe(100 + 10 + 2 + 3);
    expect(written / events.length).toBeLessThanOrEqual(1.35);
  });

  it("is one more row for each event of a rare category", async () => {
    await write({ events: [eventRow()] });
    const events = Array.from({ length: 50 }, () => eventRow());
    expect((await rowsWrittenFor(events, new Map())).written).toBe(2 * 50 + 6);
  });

  it("is one row of counts for each width and bucket, however many dimension keys have events in them", async () => {
    const inMinute = (minute: number) =>
      Array.from({ length: 150 }, (_, n) => eventRow({ name: `name ${n}`, occurredAt: MORNING + minute * MINUTE }));
    await write({ events: inMinute(0) });
    expect((await rowsWrittenFor(inMinute(0), common)).written).toBe(150 + 6);
    expect((await rowsWrittenFor([...inMinute(1), ...inMinute(2)], common)).written).toBe(300 + 8);
    // The first event of each dimension key in an hour is recorded once, and the session's window.
    expect((await rowsWrittenFor(inMinute(60), common)).written).toBe(150 + 6 + 150 + 1);
    await expectExactCounts([database]);
  });

  it("is one row of counts for each page of 256 dimension keys", async () => {
    const events = Array.from({ length: 300 }, (_, n) => eventRow({ name: `name ${n}` }));
    await write({ events: [...events, ...events.map((row) => eventRow({ name: row.name }))] });
    expect(await all(`SELECT page FROM minutes_${lane.suffix} ORDER BY 1`)).toEqual([{ page: 0 }, { page: 1 }]);
    await expectExactCounts([database]);
  });

  it("includes few rows read for each event, with few or many dimension keys", async () => {
    const readFor = async (series: number) => {
      const events = () => Array.from({ length: 300 }, (_, n) => eventRow({ name: `name ${n % series}` }));
      await write({ events: events() });
      return (await rowsWrittenFor(events(), common)).read / 300;
    };
    expect(await readFor(3)).toBeLessThan(15);
    expect(await readFor(250)).toBeLessThan(65);
  });

  it("keeps counts exact across statements below 2 MB that overlap with stored events", async () => {
    const data = JSON.stringify({ text: "€".repeat(10_000) });
    const big = Array.from({ length: 80 }, (_, n) => eventRow({ session: "big", id: `${n}`, data }));
    await write({ events: big.slice(20, 60) });
    const bound: number[] = [];
    const prepare: D1Database["prepare"] = (sql) => {
      const statement = env.DB.prepare(sql);
      const bind: D1PreparedStatement["bind"] = (...values) => {
        bound.push(...values.map((value) => new TextEncoder().encode(String(value)).length));
        return statement.bind(...values);
      };
      return new Proxy(statement, { get: (target, name) => (name === "bind" ? bind : Reflect.get(target, name)) });
    };
    await writeBatch(changedDatabase(database, { prepare }), rowsOf({ events: [...big, ...big] }));
    expect(bound.length).toBeGreaterThan(20);
    expect(Math.max(...bound)).toBeLessThan(1_000_000);
    await expectExactCounts([database]);
    expect(new Set(await storedIds()).size).toBe(80);
  });
});
