import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startBar } from "../../../scripts/replay/progress.ts";

let text = "";
beforeEach(() => {
  vi.useFakeTimers();
  text = "";
  vi.spyOn(process.stderr, "write").mockImplementation((part) => {
    text += String(part);
    return true;
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("shows nothing for work that takes less than a second", () => {
  const bar = startBar("reading", 100);
  bar.update(50, 5, 0);
  vi.advanceTimersByTime(900);
  bar.update(100, 10, 10);
  bar.stop();
  vi.advanceTimersByTime(5_000);
  expect(text).toBe("");
});

test("prints a line every two seconds where there is no terminal", () => {
  const bar = startBar("reading", 200);
  vi.advanceTimersByTime(1_000);
  bar.update(50, 7, 3);
  vi.advanceTimersByTime(2_100);
  expect(text).toMatch(/reading \[.*\] 25% {2}7 lines, 3 stored/);
  bar.update(100, 14, 6);
  vi.advanceTimersByTime(2_100);
  expect(text).toMatch(/50% {2}14 lines, 6 stored/);
  bar.stop();
});

test("has no share if the total is not known", () => {
  const bar = startBar("reading", null);
  vi.advanceTimersByTime(1_000);
  bar.update(50, 7, 3);
  vi.advanceTimersByTime(2_100);
  bar.stop();
  expect(text).toMatch(/reading {2}7 lines, 3 stored/);
});
