import * as v from "valibot";
import { expect, it } from "vitest";
import { formatSeconds, MomentSchema, secondsBetween } from "../../../src/http/request/moment";

it("formats seconds as a time with six decimals, as answers have it", () => {
  expect(formatSeconds(1_609_491_600)).toBe("2021-01-01T09:00:00.000000Z");
  expect(v.is(MomentSchema, formatSeconds(0))).toBe(true);
});

it.each(["2021-01-01T09:00:00Z", "2021-01-01T09:00:00.000Z", "2021-01-01T09:00:00.000000+01:00", "2021-01-01"])(
  "does not accept %s as a time in an answer",
  (text) => {
    expect(v.is(MomentSchema, text)).toBe(false);
  },
);

it("returns the seconds between two times", () => {
  expect(secondsBetween(1_609_491_600_000_000, 1_609_491_601_500_001)).toBe(1.500001);
  expect(secondsBetween(5, 5)).toBe(0);
});
