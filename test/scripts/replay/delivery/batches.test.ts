import fc from "fast-check";
import { expect, test } from "vitest";
import { concurrently, jsonBatches } from "../../../../scripts/replay/delivery/batches.ts";

test("batches contain every item once and in order, and no batch of several items exceeds a limit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" })),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 2, max: 60 }),
      (items, maxItems, maxBytes) => {
        const batches = [...jsonBatches(items, maxItems, maxBytes)];
        expect(batches.flatMap((batch): string[] => JSON.parse(batch.body))).toEqual(items);
        for (const batch of batches) {
          expect(batch.items).toBeLessThanOrEqual(maxItems);
          if (batch.items > 1) expect(Buffer.byteLength(batch.body)).toBeLessThanOrEqual(maxBytes);
        }
      },
    ),
  );
});

test("all items run, with limited concurrency", async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await concurrently([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    done.push(item);
  });
  expect(most).toBe(3);
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
