import { expect, it } from "vitest";
import { textEventMessage } from "../../../src/model/event/text-event";

it.each([
  ['{"b":x}', 'expected a JSON object, found a text that is not JSON from column 6 on: "{\\"b\\":x}"'],
  [
    '{"b":"Z�\\xFCrich"}',
    'expected a JSON object, found a text that is not UTF-8 from column 8 on: "{\\"b\\":\\"Z�\\\\xFCrich\\"}"',
  ],
  ['{"b":1', 'expected a JSON object, found a text that ends too early: "{\\"b\\":1"'],
  ['{"b":1}', 'expected a JSON object, found one written as a text: "{\\"b\\":1}"'],
  ["abc", 'expected a JSON object, found "abc"'],
  [`{"long":"${"x".repeat(20_000)}"`, `expected a JSON object, found a text: "{\\"long\\":\\"${"x".repeat(31)}…"`],
])("%j: %s", (text, message) => {
  expect(textEventMessage(text)).toBe(message);
});
