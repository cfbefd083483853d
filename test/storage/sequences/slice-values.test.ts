import fc from "fast-check";
import { expect, it } from "vitest";
import { valueText } from "../../../src/model/event/property-value";
import { numberOfValue, textOfValue } from "../../../src/storage/sequences/slice-values";

it.each([
  ['"a"', "a", null],
  ['""', "", null],
  ['"17"', "17", null],
  ['"n"', "n", null],
  ["1.50", "1.5", 1.5],
  ["-2", "-2", -2],
  ["1e3", "1000", 1_000],
  ["true", "true", null],
  ["false", "false", null],
  ["null", null, null],
  ['{"a":1}', null, null],
  ["[1]", null, null],
  [null, null, null],
  [undefined, null, null],
])("reads the value %s as text and number", (value, text, number) => {
  expect([textOfValue(value), numberOfValue(value)]).toEqual([text, number]);
});

it("decodes the first 500 characters of a text, wherever its JSON was cut", () => {
  const texts = fc.string({
    unit: fc.constantFrom("a", '"', "\\", "\n", "\u0001", "é", "\ud83d", "😀"),
    maxLength: 700,
  });
  fc.assert(
    fc.property(texts, (text) => {
      const json = JSON.stringify(text);
      // SQLite counts code points.
      const cut = [...json].slice(0, 3_002).join("");
      expect(textOfValue(cut)).toBe(valueText(text));
    }),
  );
});
