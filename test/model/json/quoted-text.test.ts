import fc from "fast-check";
import { expect, it } from "vitest";
import { quotedText } from "../../../src/model/json/quoted-text";

it("is what JSON.stringify writes", () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes));
  const text = fc.oneof(fc.string(), units, fc.uuid());
  fc.assert(
    fc.property(text, (value) => {
      expect(quotedText(value)).toBe(JSON.stringify(value));
    }),
  );
  const every = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
  expect(every.filter((unit) => quotedText(unit) !== JSON.stringify(unit))).toEqual([]);
});
