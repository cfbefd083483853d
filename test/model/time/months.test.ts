import { expect, test } from "vitest";
import { monthDigits, monthNumber } from "../../../src/model/time/months";

test("numbers the months by their English names", () => {
  expect(["Jan", "Sep", "Dec"].map(monthNumber)).toEqual([1, 9, 12]);
  expect(["Jan", "Sep", "Dec"].map(monthDigits)).toEqual(["01", "09", "12"]);
});

test.each(["", "jan", "January", "Mär"])("%j is no month", (name) => {
  expect([monthNumber(name), monthDigits(name)]).toEqual([0, "00"]);
});
