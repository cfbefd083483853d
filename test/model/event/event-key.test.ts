import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { tieOf } from "../../../src/model/event/event-key";

it("a tie is the first 48 bits of the SHA-256 of any id", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: "grapheme", maxLength: 128 }), fc.uuid()), (id) => {
      const expected = createHash("sha256").update(id).digest().readUIntBE(0, 6);
      expect(tieOf(id)).toBe(expected);
      expect(Number.isSafeInteger(tieOf(id))).toBe(true);
    }),
  );
});
