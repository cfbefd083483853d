import fc from "fast-check";
import { expect, test } from "vitest";
import { timeRanges } from "../../../../scripts/replay/delivery/time-ranges.ts";

test("times that are far apart are in separate ranges", () => {
  expect(
    timeRanges(["2020-01-01T00:05:00.000000Z", "1999-01-01T00:00:00.000000Z", "2020-01-01T00:00:00.000000Z"]),
  ).toEqual([
    { from: "1999-01-01T00:00:00.000000Z", to: "1999-01-01T00:00:00.000000Z" },
    { from: "2020-01-01T00:00:00.000000Z", to: "2020-01-01T00:05:00.000000Z" },
  ]);
  expect(timeRanges([])).toEqual([]);
});

test("every time is in one of at most twenty ranges", () => {
  const moment = fc
    .integer({ min: 0, max: 2_000_000_000 })
    .map((s) => new Date(s * 1000).toISOString().replace("Z", "000Z"));
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 200 }), (moments) => {
      const ranges = timeRanges(moments);
      expect(ranges.length).toBeLessThanOrEqual(20);
      for (const at of moments) expect(ranges.filter(({ from, to }) => from <= at && at <= to)).toHaveLength(1);
    }),
  );
});
