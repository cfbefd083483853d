import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_MESSAGE_BYTES } from "../../src/model/limits";
import { divideBatch } from "../../src/pipeline/batch-parts";

const messagesOf = (attempts: number[], body = "{}") =>
  attempts.map((n, place) => ({ id: `m${place}`, body, attempts: n }));
const sizesOf = (attempts: number[]) => divideBatch(messagesOf(attempts)).map((part) => part.length);

describe("divideBatch", () => {
  it("puts each message into one part", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 100 }), (attempts) => {
        const parts = divideBatch(messagesOf(attempts));
        expect(parts.flat().toSorted((a, b) => a - b)).toEqual([...attempts.keys()]);
        expect(parts.every((part) => part.length > 0)).toBe(true);
      }),
    );
  });

  it("keeps a batch of new messages as one part, in order", () => {
    expect(divideBatch(messagesOf(Array.from({ length: 100 }, () => 1)))).toEqual([[...Array(100).keys()]]);
    expect(divideBatch([])).toEqual([]);
  });

  it("divides a redelivered batch: half, a quarter, finally one message, and growing from there", () => {
    const again = (attempts: number) => sizesOf(Array.from({ length: 100 }, () => attempts));
    expect([again(2), again(3), again(4)]).toEqual([
      [50, 50],
      [25, 50, 25],
      [12, 24, 48, 16],
    ]);
    for (const attempts of [8, 20, 33]) expect(again(attempts)).toEqual([1, 2, 4, 8, 16, 32, 37]);
  });

  it("puts new messages before redelivered ones, in separate parts", () => {
    const parts = divideBatch(messagesOf([9, 1, 9, 1, 2, 9]));
    expect(parts[0]).toEqual([1, 3]);
    expect(parts.slice(1).flat().toSorted()).toEqual([0, 2, 4, 5]);
  });

  it("moves each message to the front in some delivery, so that none is always behind the one at fault", () => {
    const firsts = Array.from({ length: 30 }, (_, n) => divideBatch(messagesOf(Array(8).fill(n + 2)))[0]?.[0]);
    expect(new Set(firsts).size).toBe(8);
  });

  it("keeps parts of the largest messages within a slice", () => {
    const parts = divideBatch(messagesOf(Array(100).fill(1), "x".repeat(MAX_MESSAGE_BYTES)));
    expect(parts).toHaveLength(13);
    expect(Math.max(...parts.map((part) => part.length))).toBe(8);
  });
});
