import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_MESSAGE_BYTES, MAX_SLICE_CHARACTERS } from "../../src/model/limits";
import { sliceBatch } from "../../src/pipeline/batch-slices";

const textsOf = (lengths: number[]) => lengths.map((length) => "x".repeat(length));

describe("sliceBatch", () => {
  it("puts each message into one slice, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 400_000 }), { maxLength: 30 }), (lengths) => {
        expect(sliceBatch(textsOf(lengths)).flat()).toEqual(lengths.map((_, place) => place));
      }),
    );
  });

  it("keeps each slice of several messages below its limit, with none smaller than necessary", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 400_000 }), { minLength: 1, maxLength: 30 }), (lengths) => {
        const sizes = sliceBatch(textsOf(lengths)).map((places) =>
          places.reduce((sum, place) => sum + (lengths[place] ?? 0), 0),
        );
        for (const size of sizes) expect(size).toBeLessThanOrEqual(MAX_SLICE_CHARACTERS);
        for (const [n, size] of sizes.slice(1).entries()) {
          expect((sizes[n] ?? 0) + size).toBeGreaterThan(MAX_SLICE_CHARACTERS - 400_000);
        }
      }),
    );
  });

  it("puts a message that is larger than a slice into its own slice", () => {
    expect(sliceBatch(textsOf([10, MAX_SLICE_CHARACTERS + 1, 10]))).toEqual([[0], [1], [2]]);
  });

  it("makes one slice of an ordinary batch and thirteen of the largest", () => {
    expect(sliceBatch(textsOf(Array.from({ length: 100 }, () => 1_000)))).toHaveLength(1);
    expect(sliceBatch(textsOf(Array.from({ length: 100 }, () => MAX_MESSAGE_BYTES)))).toHaveLength(13);
    expect(sliceBatch([])).toEqual([]);
  });

  it("includes messages that are not text", () => {
    expect(sliceBatch([null, { v: 1 }, Uint8Array.of(1).buffer, undefined])).toEqual([[0, 1, 2, 3]]);
  });
});
