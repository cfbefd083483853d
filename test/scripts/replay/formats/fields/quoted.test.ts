import { expect, test } from "vitest";
import { quotesIn, unescapeQuoted } from "../../../../../scripts/replay/formats/fields/quoted.ts";

test.each([
  ["plain", "plain"],
  [String.raw`say \"hi\" \\ there`, String.raw`say "hi" \ there`],
  [String.raw`caf\xC3\xA9`, "café"],
  // The beginning of a TLS handshake is not text, and stays as it was logged.
  [String.raw`\x16\x03\x01`, String.raw`\x16\x03\x01`],
  [String.raw`\xFF`, String.raw`\xFF`],
])("%s is %s", (logged, text) => {
  expect(unescapeQuoted(logged)).toBe(text);
});

test("only unescaped quotes end a field", () => {
  const text = String.raw`a" b\" c\\" d`;
  expect([...quotesIn(text)].map((place) => text.slice(0, place))).toEqual(["a", String.raw`a" b\" c\\`]);
  expect([...quotesIn(text, 2)]).toHaveLength(1);
});
