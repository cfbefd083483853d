import { expect, it } from "vitest";
import { compareGroups, groupName } from "../../../src/storage/questions/stats-answer";

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
