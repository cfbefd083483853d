import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokenByteAt, readBrokenUtf8 } from "../../../src/model/json/broken-utf8";

const utf8 = new TextEncoder();
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What the standard decoder makes of a text that has no `�` of its own. */
function withoutDigits(text: string): string {
  return text.replace(/�\\x[0-9A-F]{2}/g, "�");
}

describe("readBrokenUtf8", () => {
  it.each([
    [latin1("Z\xfcrich"), "Z�\\xFCrich"],
    [latin1("caf\xe9"), "caf�\\xE9"],
    [Uint8Array.of(0x61, 0xe2, 0x9c), "a�\\xE2�\\x9C"],
    [Uint8Array.of(0xc0, 0x80), "�\\xC0�\\x80"],
    [Uint8Array.of(0xed, 0xa0, 0xbd), "�\\xED�\\xA0�\\xBD"],
    [Uint8Array.of(0xf4, 0x90, 0x80, 0x80), "�\\xF4�\\x90�\\x80�\\x80"],
    [Uint8Array.of(0xff, 0xfe, 0x7b, 0x00), "�\\xFF�\\xFE{\u0000"],
  ])("keeps each byte: %j", (bytes, text) => {
    expect(readBrokenUtf8(bytes)).toBe(text);
  });

  it("reads every character of UTF-8 unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // A byte order mark is removed, as by the standard decoder.
        const bytes = utf8.encode(text);
        expect(readBrokenUtf8(bytes)).toBe(new TextDecoder().decode(bytes));
      }),
    );
  });

  it("finds the same characters in any bytes as the standard decoder", () => {
    // The standard puts one `�` for the first bytes of a character that is cut off.
    const joined = (text: string) => text.replace(/�+/g, "�");
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0x80, 0xc2));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 12 }), (bytes) => {
        const given = Uint8Array.from(bytes);
        expect(joined(withoutDigits(readBrokenUtf8(given)))).toBe(joined(new TextDecoder().decode(given)));
      }),
    );
  });

  it("never returns JSON if a byte is broken, wherever it stands", () => {
    const line = '{"a\\\\": "x\\"y", "n": [1, true]}';
    for (let place = 0; place <= line.length; place++) {
      const bytes = latin1(`${line.slice(0, place)}\xfc${line.slice(place)}`);
      const text = readBrokenUtf8(bytes);
      expect(() => JSON.parse(text), text).toThrow();
      expect(brokenByteAt(text), text).toBe(place);
    }
  });
});

it("finds no broken byte in a text that has none", () => {
  for (const text of ['{"a":\\x}', '{"a":�}', '{"a":�\\xyz}']) expect(brokenByteAt(text), text).toBeNull();
});
