import { expect, test } from "vitest";
import { parseReplayOptions, USAGE } from "../../../scripts/replay/options.ts";

test("a file without flags is replayed into the local service with its keys", () => {
  expect(parseReplayOptions(["access.log"])).toEqual({
    files: ["access.log"],
    format: null,
    source: "default",
    skip: { assets: false, bots: false },
    isDryRun: false,
    url: "http://localhost:8787",
    key: "eye_w_local",
    readKey: "eye_r_local",
    batch: 500,
    concurrency: 4,
    timeoutMs: 120_000,
  });
});

test("accepts several files, standard input, and each flag", () => {
  expect(
    parseReplayOptions(["a", "-", "--format", "IIS", "--source", "web-1", "--skip-assets", "--skip-bots", "--dry-run"]),
  ).toMatchObject({
    files: ["a", "-"],
    format: { name: "w3c" },
    source: "web-1",
    skip: { assets: true, bots: true },
    isDryRun: true,
  });
});

test.each([
  [[], /Name a file/],
  [["-", "-"], /once/],
  [["a", "--format", "traefik"], /--format takes one of combined, .*found traefik/],
  [["a", "--source", ""], /--source takes/],
  [["a", "--source", "a b"], /--source takes/],
  [["a", "--batch", "501"], /--batch takes/],
  [["a", "--batch", "x"], /--batch takes/],
  [["a", "--concurrency", "0"], /--concurrency takes/],
  [["a", "--timeout", "-1"], /timeout/],
  [["a", "--url", "localhost"], /--url takes/],
  [["a", "--fast"], /--fast/],
])("%j is refused with a sentence", (args, message) => {
  expect(parseReplayOptions(args)).toMatch(message);
});

test("the help names every flag", () => {
  for (const flag of ["format", "source", "skip-assets", "skip-bots", "dry-run", "url", "key", "read-key", "batch"]) {
    expect(USAGE).toContain(`--${flag}`);
  }
});
