import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { EventRow } from "../../../src/storage/write/rows";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { expectExactCounts } from "../counts-beside-events";
import { changedDatabase } from "../failing-database";
import { eventRow } from "../seed";
import { beginAnew, database, rowsOf, storedIds, write } from "./one-lane";

beforeEach(beginAnew);

describe("a batch", () => {
  /** How many transactions wrote, and how many read what is stored. */
  const transactionsOf = async (events: EventRow[], mayHold: boolean) => {
    let transactions = 0;
    const batch: D1Database["batch"] = (statements) => {
      transactions += 1;
      return env.DB.batch(statements);
    };
    await writeBatch(changedDatabase(database, { batch }), rowsOf({ events }), mayHold);
    return transactions;
  };

  it("is one transaction if all events are new, and reads first if something may be stored", async () => {
    const [first, second, third] = [eventRow(), eventRow(), eventRow()];
    expect(await transactionsOf([first], false)).toBe(1);
    expect(await transactionsOf([first, second], true)).toBe(2);
    expect(await transactionsOf([first, second], true)).toBe(1);
    // It fails, reads, and writes what is new.
    expect(await transactionsOf([first, second, third], false)).toBe(3);
    expect(await storedIds()).toHaveLength(3);
    await expectExactCounts([database]);
  });

  /** A database in which another consumer stores the next of these events before each of the first transactions. */
  const racing = (rivals: EventRow[]) => {
    const left = [...rivals];
    const batch: D1Database["batch"] = async (statements) => {
      const rival = left.shift();
      if (rival !== undefined) await write({ events: [rival] });
      return env.DB.batch(statements);
    };
    return changedDatabase(database, { batch });
  };

  it("is retried if another consumer stores one of its events meanwhile", async () => {
    const events = Array.from({ length: 6 }, () => eventRow());
    const { duplicates } = await writeBatch(racing(events.slice(0, 4)), rowsOf({ events }), true);
    expect(duplicates).toHaveLength(4);
    expect(await storedIds()).toHaveLength(6);
    await expectExactCounts([database]);
  });

  it("fails after four attempts, and then writes nothing", async () => {
    const events = Array.from({ length: 12 }, () => eventRow());
    await expect(writeBatch(racing(events), rowsOf({ events }), true)).rejects.toThrow(/UNIQUE constraint failed/);
    expect(await storedIds()).toHaveLength(8);
    await expectExactCounts([database]);
  });

  it("does nothing if it is empty", async () => {
    const batch: D1Database["batch"] = () => Promise.reject(new Error("nothing to write"));
    await writeBatch(changedDatabase(database, { batch }), rowsOf({}));
    await writeBatch(changedDatabase(database, { batch }), rowsOf({}), true);
  });
});
