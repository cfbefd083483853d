import { expect, it } from "vitest";
import { countedBy, MinuteCounts } from "../../../src/storage/write/minute-counts";
import { eventRow, MINUTE, MORNING } from "../seed";

const START = MORNING / 1_000_000;

it("counts by dimension key and minute", () => {
  const counts = new MinuteCounts();
  counts.add(0, MORNING);
  counts.add(0, MORNING + MINUTE - 1);
  counts.add(0, MORNING + MINUTE);
  counts.add(1, MORNING);
  expect(JSON.parse(counts.toText())).toEqual([
    [0, START, 2],
    [0, START + 60, 1],
    [1, START, 1],
  ]);
});

it("is an empty list without events", () => {
  expect(new MinuteCounts().toText()).toBe("[]");
  expect(countedBy([], () => 0)).toEqual(["[]", "[]"]);
});

it("lists each dimension key once, by its place, and counts by the wanted time", () => {
  const rows = [
    eventRow({ category: "c", name: "n", application: "shop", receivedAt: MORNING }),
    eventRow({ category: "c", name: 'quoted "n"', application: "shop", receivedAt: MORNING }),
    eventRow({ category: "c", name: "n", application: "shop", receivedAt: MORNING + 5 * MINUTE }),
  ];
  const [counts, keys] = countedBy(rows, ({ receivedAt }) => receivedAt);
  expect(JSON.parse(keys)).toEqual([
    ["c", "n", "shop"],
    ["c", 'quoted "n"', "shop"],
  ]);
  expect(JSON.parse(counts)).toEqual([
    [0, START, 1],
    [0, START + 300, 1],
    [1, START, 1],
  ]);
});
