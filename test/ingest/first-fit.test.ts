import { expect, it } from "vitest";
import { firstFit } from "../../src/ingest/first-fit";

it("puts each item into the first bin with room", () => {
  const bins = firstFit(
    [6, 5, 4, 5, 1],
    (item) => [item],
    (bin, item) => {
      if (bin.reduce((sum, other) => sum + other, 0) + item > 10) return false;
      bin.push(item);
      return true;
    },
  );
  expect(bins).toEqual([[6, 4], [5, 5], [1]]);
});
