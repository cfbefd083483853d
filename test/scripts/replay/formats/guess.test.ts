import { expect, test } from "vitest";
import { detectFormat, isUnderstood } from "../../../../scripts/replay/formats/detect.ts";
import { guessOf } from "../../../../scripts/replay/formats/guess.ts";

test.each([
  ["2026/03/05 12:00:00 [error] 12#12: *1 open() failed", /error log of nginx/],
  ["[Thu Mar 05 12:00:00.123 2026] [core:error] [pid 1] x", /error log of Apache/],
  ["Mar  5 12:00:00 web-1 nginx[12]: something", /syslog.*prefix/],
  ["2026-03-05T12:00:00.1Z stdout F something", /container's log/],
  ['{"log":"x","stream":"stdout","time":"2026-03-05T12:00:00Z"}', /Docker.*jq -r \.log/],
  ['{"level":30,"time":1772710000120,"msg":"hi"}', /members level, time, msg.*a request/],
  ["[", /JSON over several lines/],
  ["<html><body>", /web page/],
  ["\u0000\u0001\u0002", /binary/],
  ["a,b,c,d", /CSV/],
  ["hello", /known access log/],
])("%s: the guess says what it is", (line, guess) => {
  expect(isUnderstood(detectFormat([line]))).toBe(false);
  expect(guessOf([line])).toMatch(guess);
});

test("a guess takes no more time for a long line", () => {
  const began = performance.now();
  guessOf(["a,".repeat(100_000), '"'.repeat(200_000)]);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test("a file is understood if half of its lines are", () => {
  const line = '1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2';
  expect(isUnderstood(detectFormat([line, "x", ""]))).toBe(true);
  expect(isUnderstood(detectFormat([line, "x", "y"]))).toBe(false);
});
