import { expect, test } from "vitest";
import { parseReplayOptions } from "../../../scripts/replay/options.ts";

test("a file alone is replayed into the local service with its keys", () => {
  expect(parseReplayOptions(["access.log"])).toEqual({
    file: "access.log",
    url: "http://localhost:8787",
    key: "eye_w_local",
    readKey: "eye_r_local",
    batch: 500,
    concurrency: 4,
    timeoutMs: 120_000,
  });
});

test.each([
  [[], /Name one file/],
  [["a", "b"], /Name one file/],
  [["a", "--batch", "501"], /--batch takes/],
  [["a", "--batch", "x"], /--batch takes/],
  [["a", "--concurrency", "0"], /--concurrency takes/],
  [["a", "--timeout", "-1"], /timeout/],
  [["a", "--url", "localhost"], /--url takes/],
  [["a", "--fast"], /--fast/],
])("%j is refused with a sentence", (args, message) => {
  expect(parseReplayOptions(args)).toMatch(message);
});
