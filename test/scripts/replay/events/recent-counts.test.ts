import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentCounts } from "../../../../scripts/replay/events/recent-counts.ts";

const keyOf = (n: number) => createHash("sha256").update(String(n)).digest("hex").slice(0, 24);

test("counts like a map, up to its capacity", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 })), (keys) => {
      const counts = new RecentCounts(31);
      const map = new Map<number, number>();
      for (const key of keys) {
        map.set(key, (map.get(key) ?? 0) + 1);
        expect(counts.next(keyOf(key))).toBe(map.get(key));
      }
    }),
  );
});

test("forgets the oldest keys, and none of the latest", () => {
  const counts = new RecentCounts(10);
  for (let n = 0; n < 10_000; n++) {
    expect(counts.next(keyOf(n))).toBe(1);
    if (n >= 10) expect(counts.next(keyOf(n - 4))).toBeGreaterThan(1);
  }
});

test("forgets everything when cleared", () => {
  const counts = new RecentCounts(10);
  counts.next(keyOf(1));
  counts.clear();
  expect(counts.next(keyOf(1))).toBe(1);
});
