import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64, parseHidden } from "../../../src/ingest/dialects/decode";

describe("decoding", () => {
  it("joins surrogates that an SDK has written as three bytes each, and replaces lone ones", () => {
    expect(decodeBase64(btoa("\xed\xa0\xbd\xed\xbb\x92 \xc3\xa9"))).toBe("🛒 é");
    expect(decodeBase64(btoa("a\xed\xa0\xbd"))).toBe("a\ufffd");
    expect(decodeBase64(btoa("\xf0\x9f\x9b\x92"))).toBe("🛒");
    expect(decodeBase64("%%%")).toBeNull();
  });

  it("decodes JSON in every encoding that SDKs use", () => {
    const value = fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: "grapheme" }), fc.integer()));
    fc.assert(
      fc.property(value, (object) => {
        const json = JSON.stringify(object);
        const base64 = Buffer.from(json).toString("base64");
        for (const text of [json, base64, `data=${encodeURIComponent(base64)}`, `data=${encodeURIComponent(json)}`]) {
          expect(parseHidden(text)).toEqual(JSON.parse(json));
        }
      }),
    );
  });
});
