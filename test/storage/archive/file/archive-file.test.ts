import { expect, it } from "vitest";
import { hourOf } from "../../../../src/model/time/units";
import { fileId, objectKey } from "../../../../src/storage/archive/file/archive-file";
import { HOUR, MORNING, SECOND } from "../../seed";

it.each([
  ["the first instant of an hour", MORNING, MORNING],
  ["the last instant of an hour", MORNING + HOUR - 1, MORNING],
  ["the next hour", MORNING + HOUR, MORNING + HOUR],
  ["an instant before 1970", -1, -HOUR],
])("finds the hour of %s", (_, moment, start) => {
  expect(hourOf(moment)).toBe(start / SECOND);
});

it("names an object by UTC hour, database and hash", () => {
  const sha256 = "0123456789abcdef".repeat(4);
  const key = objectKey("errors", (MORNING + 14 * HOUR) / SECOND, 2, sha256);
  expect(key).toBe("errors/day=2021-01-01/hour=23/db=2/0123456789abcdef0123456789abcdef.parquet");
});

it("numbers a file by 48 bits, which a double holds exactly", () => {
  expect(fileId("f".repeat(64))).toBe(2 ** 48 - 1);
  expect(fileId(`000000000001${"f".repeat(52)}`)).toBe(1);
});
