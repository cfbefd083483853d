import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { totalsIn } from "../../../src/storage/counts/counts";
import { deleteReceiptMinutes, receiptSources } from "../../../src/storage/counts/receipt-counts";
import type { EventRow } from "../../../src/storage/write/rows";
import { emptyDatabases } from "../empty-databases";
import { changedDatabase } from "../failing-database";
import { DAY, eventRow, HOUR, MINUTE, MORNING, SECOND, store } from "../seed";

const databases = databasesOf(env);

/** The events received in the minute, the hour and the day of a time. */
async function receivedAt(time: number): Promise<number[]> {
  return Promise.all(
    [60, 3_600, 86_400].map(async (seconds) => {
      const start = Math.floor(time / SECOND / seconds) * seconds;
      const sums = await Promise.all(
        receiptSources(databases).map((source) => totalsIn(source, { seconds, first: start, last: start })),
      );
      return sums.reduce((all, sum) => all + (sum.get(start) ?? 0), 0);
    }),
  );
}

const received = (time: number, events: number, changes: Partial<EventRow> = {}) =>
  Array.from({ length: events }, (_, n) =>
    eventRow({ session: `s${n}`, id: `e${n}`, occurredAt: MORNING - n * 40 * DAY, receivedAt: time, ...changes }),
  );

beforeEach(() => emptyDatabases(databases));

describe("receipt counts", () => {
  it("count events by the minute, hour and day of their receipt, whatever their timestamps", async () => {
    await store(databases, { events: received(MORNING, 9) });
    await store(databases, { events: received(MORNING + MINUTE, 4, { category: "other", id: "later" }) });
    expect(await receivedAt(MORNING)).toEqual([9, 13, 13]);
    expect(await receivedAt(MORNING + MINUTE)).toEqual([4, 13, 13]);
    expect(await receivedAt(MORNING + DAY)).toEqual([0, 0, 0]);
  });

  it("count an event once, however often it is delivered", async () => {
    const events = received(MORNING, 9);
    for (const again of [0, MINUTE, 2 * MINUTE]) {
      await store(databases, { events: events.map((row) => ({ ...row, receivedAt: MORNING + again })) });
    }
    expect(await receivedAt(MORNING)).toEqual([9, 9, 9]);
    expect(await receivedAt(MORNING + MINUTE)).toEqual([0, 9, 9]);
  });

  it("do not count an event that becomes an id_conflict, nor one that a replay stores", async () => {
    await store(databases, { events: received(MORNING, 3) });
    await store(databases, { events: received(MORNING, 3, { data: '{"other":1}' }) });
    const replays = { id: "error", receivedAt: MORNING };
    await store(databases, { events: received(MORNING, 2, { id: "replayed", replays }) });
    expect(await receivedAt(MORNING)).toEqual([3, 3, 3]);
  });

  it("keep minutes for two days, and hours and days for ever", async () => {
    const logged: unknown[] = [];
    const io = { databases, log: (line: unknown) => logged.push(line) };
    await store(databases, { events: [...received(MORNING, 3), ...received(MORNING + 2 * HOUR, 4, { id: "later" })] });
    await deleteReceiptMinutes(io, MORNING + 2 * DAY + HOUR);
    expect(await receivedAt(MORNING)).toEqual([3, 3, 7]);
    await deleteReceiptMinutes(io, MORNING + 2 * DAY + 2 * HOUR);
    expect(await receivedAt(MORNING)).toEqual([0, 3, 7]);
    expect(await receivedAt(MORNING + 2 * HOUR)).toEqual([4, 4, 7]);
    expect(logged).toEqual([]);
  });

  it("are cleaned in every database, even if one cannot be reached", async () => {
    const logged: unknown[] = [];
    await store(databases, { events: received(MORNING, 30) });
    const [first, ...others] = databases;
    if (first === undefined) throw new Error("There is no database.");
    const prepare = () => {
      throw new Error("D1_ERROR: Network connection lost.");
    };
    const io = {
      databases: [changedDatabase(first, { prepare }), ...others],
      log: (line: unknown) => logged.push(line),
    };
    await deleteReceiptMinutes(io, MORNING + 3 * DAY);
    expect(logged).toEqual([{ log: "receipt_minutes_failed", reason: "D1_ERROR: Network connection lost." }]);
    const [minute = 0] = await receivedAt(MORNING);
    expect(minute).toBeGreaterThan(0);
    expect(minute).toBeLessThan(30);
  });
});
