import { expect, it } from "vitest";
import { compareTexts } from "../../src/model/compare-texts";

it("sorts texts by their UTF-16 units, whatever the locale", () => {
  expect(["b", "ä", "a", "B", "", "a"].sort(compareTexts)).toEqual(["", "B", "a", "a", "b", "ä"]);
  expect(compareTexts("a", "a")).toBe(0);
});
