import { expect, it } from "vitest";
import { accuracyOf, compareGroups, groupName } from "../../../src/storage/questions/stats-answer";

it("gives different groups different keys", () => {
  const texts = [["a", "b"], ["a,b"], ["ab"], [null], ["null"], [], ["a", null]];
  expect(new Set(texts.map((one) => groupName(one).key)).size).toBe(texts.length);
});

it("orders groups by size, then by key", () => {
  const groups = [
    { size: 1, key: "a" },
    { size: 2, key: "c" },
    { size: 2, key: "b" },
    { size: 9, key: "z" },
  ];
  expect(groups.toSorted(compareGroups).map(({ key }) => key)).toEqual(["z", "b", "c", "a"]);
  expect(compareGroups({ size: 1, key: "a" }, { size: 1, key: "a" })).toBe(0);
});

it("is exact unless something is missing, folded or rounded", () => {
  const unreadable = [{ start: 1, end: 2 }];
  expect(accuracyOf({ unreadable: [] })).toEqual({ exact: true });
  expect(accuracyOf({ unreadable })).toEqual({ exact: false, unreadable });
  expect(accuracyOf({ unreadable: [], hasFolded: true })).toEqual({ exact: false, groups_folded: true });
  expect(accuracyOf({ unreadable: [], relativeError: 0.01 })).toEqual({ exact: false, relative_error: 0.01 });
});
