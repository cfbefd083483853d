import { expect, it } from "vitest";
import { countedPath } from "../../../src/model/event/issue-path";

it.each([
  ["", ""],
  ["/data/price", "/data/price"],
  ["/data/items/0/price", "/data/items/*/price"],
  ["/data/items/7", "/data/items/*"],
  ["/data/1/2", "/data/*/*"],
  ["/data/2nd/v10", "/data/2nd/v10"],
])("%s is counted as %s", (path, counted) => {
  expect(countedPath(path)).toBe(counted);
});
