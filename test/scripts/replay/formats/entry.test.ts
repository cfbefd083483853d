import { expect, test } from "vitest";
import { countOrNull, hostOf, millis, textOrNull } from "../../../../scripts/replay/formats/entry.ts";

test.each([
  [undefined, null],
  ["", null],
  ["-", null],
  ["--", "--"],
  [" ", " "],
])("the text of %j is %j", (text, expected) => {
  expect(textOrNull(text)).toBe(expected);
});

test.each([
  ["200", 200],
  ["0", 0],
  ["999999999999999", 999_999_999_999_999],
  ["-", null],
  ["-1", null],
  ["1.5", null],
  ["1e3", null],
  ["1000000000000000", null],
  [undefined, null],
])("the number of %j is %j", (text, expected) => {
  expect(countOrNull(text)).toBe(expected);
});

test.each([
  [0.0341 * 1_000, 34.1],
  [0, 0],
  [0.0004, 0],
  [-1, null],
  [Number.NaN, null],
  [Number.POSITIVE_INFINITY, null],
])("%d milliseconds are %j", (value, expected) => {
  expect(millis(value)).toBe(expected);
});

test.each([
  ["shop.example:8080", "shop.example"],
  ["shop.example", "shop.example"],
  ["[::1]:443", "[::1]"],
  [null, null],
])("the host of %j is %j", (text, expected) => {
  expect(hostOf(text)).toBe(expected);
});
