import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { putTogether } from "../../../src/storage/errors/error-contents";

describe("putTogether", () => {
  it("returns the whole text, whatever the order of its chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.infiniteStream(fc.nat()), (contents, order) => {
        const pieces = contents.map((content, part) => ({ part, content, rank: order.next().value ?? 0 }));
        pieces.sort((a, b) => a.rank - b.rank);
        expect(putTogether(pieces, contents.length)).toEqual({ kind: "whole", text: contents.join("") });
      }),
    );
  });

  it("returns how many chunks have arrived if some are missing", () => {
    const pieces = [{ part: 2, content: "c" }];
    expect(putTogether(pieces, 3)).toEqual({ kind: "incomplete", arrived: 1, of: 3 });
    expect(putTogether([], 1)).toEqual({ kind: "incomplete", arrived: 0, of: 1 });
  });
});
