import { expect, test } from "vitest";
import { excerptOf } from "../../../../scripts/replay/reading/excerpt.ts";

test("an excerpt is short and harmless to the terminal", () => {
  expect(excerptOf("\u001b[31mred\u202e\t")).toBe("·[31mred··");
  expect(excerptOf("x".repeat(200))).toBe("x".repeat(200));
  expect(excerptOf("x".repeat(201))).toBe(`${"x".repeat(200)}…`);
});
