import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { hash48 } from "../../../src/model/event/short-hash";

function platformHash(text: string): number {
  return createHash("sha256").update(text).digest().readUIntBE(0, 6);
}

it("equals the platform's SHA-256 for texts of every length around a block", () => {
  for (let length = 0; length <= 130; length++) {
    const text = "0123456789abcdef-".repeat(8).slice(0, length);
    expect(hash48(text)).toBe(platformHash(text));
  }
});

it("equals the platform's SHA-256 for any text", () => {
  const text = fc.oneof(fc.uuid(), fc.string({ maxLength: 60 }), fc.string({ unit: "binary", maxLength: 60 }));
  fc.assert(
    fc.property(text, (some) => {
      expect(hash48(some)).toBe(platformHash(some));
    }),
    { numRuns: 2_000 },
  );
});
