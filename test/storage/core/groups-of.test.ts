import { expect, it } from "vitest";
import { groupsOf } from "../../../src/storage/core/groups-of";

it("splits a list into groups, the last of them with the rest", () => {
  expect(groupsOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(groupsOf([1, 2], 2)).toEqual([[1, 2]]);
  expect(groupsOf([], 2)).toEqual([]);
});
