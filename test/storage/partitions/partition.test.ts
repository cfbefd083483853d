import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_SLOT_MICROS,
  databaseOf,
  isLate,
  isRare,
  lanesToRead,
  laneToWrite,
  mainLane,
  NARROWEST_SLOT_MICROS,
  PARTITION_STATES,
  slotOf,
  slotsPerWindow,
  WINDOW_MICROS,
  windowOf,
} from "../../../src/storage/partitions/partition";
import { MORNING } from "../seed";
import { partitionOf } from "./sample-partition";

describe("the lanes of a partition", () => {
  const suffixes = (changes: Parameters<typeof partitionOf>[0]) => {
    const partition = partitionOf({ id: 12, ...changes });
    return { read: lanesToRead(partition).map(({ suffix }) => suffix), write: laneToWrite(partition).suffix };
  };

  it("are its main lane while it is open, and later its late lane in addition or instead", () => {
    expect(suffixes({})).toEqual({ read: ["12"], write: "12" });
    expect(suffixes({ late: true })).toEqual({ read: ["12", "12l"], write: "12" });
    expect(suffixes({ state: "sealed", late: true })).toEqual({ read: ["12s", "12l"], write: "12l" });
    expect(suffixes({ state: "archived", late: true })).toEqual({ read: ["12l"], write: "12l" });
    expect(suffixes({ state: "dropped", late: true })).toEqual({ read: ["12l"], write: "12l" });
    expect(suffixes({ state: "dropped" })).toEqual({ read: [], write: "12l" });
  });

  it("include the counted one, with the name that its tables have in the database", () => {
    const main = (changes: Parameters<typeof partitionOf>[0], index = 0) =>
      mainLane(partitionOf({ id: 12, ...changes }), { index })?.suffix ?? null;
    expect(main({ late: true })).toBe("12");
    expect(main({ renamedIn: new Set([1]) }, 1)).toBe("12s");
    expect(main({ renamedIn: new Set([1]) }, 0)).toBe("12");
    expect(main({ state: "archived", late: true })).toBeNull();
  });

  it("are empty before its tables exist", () => {
    expect(suffixes({ ready: false })).toEqual({ read: [], write: "12" });
  });

  it("are late in every state except open", () => {
    for (const state of PARTITION_STATES) expect(isLate(laneToWrite(partitionOf({ state })))).toBe(state !== "open");
  });
});

describe("the database of a session", () => {
  const anySession = fc.oneof(fc.uuid(), fc.string({ minLength: 1 }));
  const anyDatabases = fc.uniqueArray(fc.nat({ max: 20 }), { minLength: 1, maxLength: 8 });

  it("follows from the session and the partition's databases, and is one of them", () => {
    fc.assert(
      fc.property(anySession, anyDatabases, (session, databases) => {
        const database = databaseOf({ databases }, session);
        expect(databases).toContain(database);
        expect(databaseOf({ databases: [...databases] }, session)).toBe(database);
      }),
    );
  });

  it("gets an even share of the sessions", () => {
    const found = Array.from({ length: 3_000 }, (_, n) => databaseOf({ databases: [2, 5, 9] }, `session-${n}`));
    for (const index of [2, 5, 9]) expect(found.filter((one) => one === index).length).toBeGreaterThan(900);
  });
});

describe("slots and windows", () => {
  it("divide a window into a whole number of slots, which the table numbers covers", () => {
    for (const slotMicros of [60_000_000, 20_000_000, DEFAULT_SLOT_MICROS, NARROWEST_SLOT_MICROS]) {
      const slots = slotsPerWindow({ slotMicros });
      expect(Number.isInteger(slots)).toBe(true);
      expect(slots).toBeLessThanOrEqual(900);
      expect(slotOf(MORNING + WINDOW_MICROS, { slotMicros })).toBe(slotOf(MORNING, { slotMicros }) + slots);
      expect(slotOf(MORNING + slotMicros - 1, { slotMicros })).toBe(slotOf(MORNING, { slotMicros }));
    }
    expect([windowOf(MORNING - 1), windowOf(MORNING)]).toEqual([MORNING / WINDOW_MICROS - 1, MORNING / WINDOW_MICROS]);
  });
});

it("a category is rare until the time of receipt from which it is common", () => {
  const common = new Map([["page", MORNING]]);
  expect([MORNING - 1, MORNING, MORNING + 1].map((at) => isRare({ common }, "page", at))).toEqual([true, false, false]);
  expect(isRare({ common }, "form", MORNING)).toBe(true);
  expect(isRare({ common: new Map([["page", 0]]) }, "page", 0)).toBe(false);
});
