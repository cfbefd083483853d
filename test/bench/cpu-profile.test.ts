import { expect, it } from "vitest";
import { selfTimes } from "../../bench/throughput/cpu-profile.ts";

it("adds up a function's self time over all places in the tree, without idle time", () => {
  const frame = (functionName: string) => ({ functionName, url: "file:///index.js", lineNumber: 9 });
  const profile = {
    nodes: [
      { id: 1, callFrame: { functionName: "(idle)", url: "", lineNumber: -1 } },
      { id: 2, callFrame: frame("pack") },
      { id: 3, callFrame: frame("pack") },
      { id: 4, callFrame: frame("send") },
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [9_000, 1_000, 2_000, 1_000],
  };
  expect(selfTimes(profile, 10)).toEqual([
    { name: "pack", place: "index.js:10", ms: 3, share: 0.75 },
    { name: "send", place: "index.js:10", ms: 1, share: 0.25 },
  ]);
});
