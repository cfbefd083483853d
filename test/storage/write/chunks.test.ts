import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_STATEMENT_BYTES } from "../../../src/model/limits";
import { chunks, jsonArray } from "../../../src/storage/write/chunks";

describe("chunks", () => {
  it("keep every row, in order, and stay within the size of a statement", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: MAX_STATEMENT_BYTES }), { maxLength: 40 }), (sizes) => {
        const rows = sizes.map((bytes, n) => ({ bytes, n }));
        const cut = [...chunks(rows)];
        expect(cut.flat()).toEqual(rows);
        for (const chunk of cut) {
          expect(chunk.length).toBeGreaterThan(0);
          expect(chunk.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(MAX_STATEMENT_BYTES);
        }
      }),
    );
  });

  it("count a shared text once for each chunk", () => {
    const half = MAX_STATEMENT_BYTES / 2;
    const [a, b] = ["a", "b"].map((letter) => letter.repeat(half / 3));
    const own = half / 5;
    const row = (shared: string | undefined) => ({ bytes: own, ...(shared === undefined ? {} : { shared }) });
    const cut = (texts: (string | undefined)[]) => [...chunks(texts.map(row))].map((chunk) => chunk.length);
    expect(cut([a, a, a, a, a, a])).toEqual([5, 1]);
    // The second text does not fit beside the first, and the third chunk needs the first text again.
    expect(cut([a, b, a])).toEqual([1, 1, 1]);
    expect(cut([undefined, a, undefined, a])).toEqual([4]);
  });

  it("can hold a single row that is larger", () => {
    expect(
      [...chunks([1, MAX_STATEMENT_BYTES + 1, 1].map((bytes) => ({ bytes })))].map((chunk) => chunk.length),
    ).toEqual([1, 1, 1]);
    expect([...chunks([])]).toEqual([]);
  });
});

it("jsonArray joins JSON texts to one JSON array", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const texts = values.map((value) => JSON.stringify(value));
      expect(JSON.parse(jsonArray(texts))).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
});
