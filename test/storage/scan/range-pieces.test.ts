import { expect, it } from "vitest";
import type { Partition } from "../../../src/storage/partitions/partition";
import { piecesOf, ROWS_PER_STATEMENT } from "../../../src/storage/scan/range-pieces";
import { HOUR, MORNING, SECOND } from "../seed";

const PARTITION: Partition = {
  ...{ id: 1, from: MORNING, to: MORNING + HOUR, databases: [0], slotMicros: 4 * SECOND },
  ...{ state: "open", late: false, ready: true, common: new Map() },
};
const BOUNDS = { low: MORNING + 1, high: MORNING + HOUR - 7 };

/** Rows spread evenly. */
const evenly =
  (perSecond: number) =>
  ({ low, high }: typeof BOUNDS) =>
    ((high - low) / SECOND) * perSecond;

it("is the range itself if one statement can read it", () => {
  expect(piecesOf(BOUNDS, PARTITION, { rowsIn: () => ROWS_PER_STATEMENT })).toEqual([BOUNDS]);
});

it("covers the range without gaps, in pieces that begin at slots and hold few enough rows", () => {
  const rowsIn = evenly(100);
  const pieces = piecesOf(BOUNDS, PARTITION, { rowsIn });
  expect(pieces.length).toBeGreaterThan(15);
  expect([pieces[0]?.low, pieces.at(-1)?.high]).toEqual([BOUNDS.low, BOUNDS.high]);
  for (const [n, { low }] of pieces.entries()) {
    if (n === 0) continue;
    expect(low).toBe((pieces[n - 1]?.high ?? 0) + 1);
    expect(low % PARTITION.slotMicros).toBe(0);
  }
  for (const piece of pieces) expect(rowsIn(piece)).toBeLessThanOrEqual(ROWS_PER_STATEMENT);
});

it("does not split a slot, however many rows it has", () => {
  const pieces = piecesOf({ low: MORNING, high: MORNING + 8 * SECOND - 1 }, PARTITION, { rowsIn: () => 1_000_000 });
  expect(pieces).toEqual([
    { low: MORNING, high: MORNING + 4 * SECOND - 1 },
    { low: MORNING + 4 * SECOND, high: MORNING + 8 * SECOND - 1 },
  ]);
});

it("has as many slots in a piece as are allowed", () => {
  const pieces = piecesOf(BOUNDS, PARTITION, { rowsIn: () => 0, mostSlots: 15 });
  expect(Math.max(...pieces.map(({ low, high }) => high - low))).toBeLessThanOrEqual(15 * PARTITION.slotMicros);
  expect(pieces.length).toBeGreaterThan(59);
});
