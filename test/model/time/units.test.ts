import { expect, it } from "vitest";
import { MINUTE_MICROS, minuteOf } from "../../../src/model/time/units";

it.each([
  [0, 0],
  [MINUTE_MICROS - 1, 0],
  [MINUTE_MICROS, 60],
  [90_000_000, 60],
])("the minute of %d starts at %d seconds", (moment, seconds) => {
  expect(minuteOf(moment)).toBe(seconds);
});
