import { afterEach, expect, test, vi } from "vitest";
import { startExportProgress } from "../../../scripts/export/progress.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** What is printed where there is no terminal. */
function printed(): () => string {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  return () => write.mock.calls.map(([text]) => String(text)).join("");
}

test("prints a line every five seconds, with the speed of this run", () => {
  vi.useFakeTimers();
  const text = printed();
  const progress = startExportProgress();
  // 5,000 events were exported by an earlier run.
  progress.update(5_000, 2_000_000);
  vi.advanceTimersByTime(4_000);
  expect(text()).not.toContain("5,000");
  progress.update(25_000, 12_340_000);
  vi.advanceTimersByTime(2_000);
  expect(text()).toContain("25,000 events, 12.3 MB  5,000 events/s");
  progress.stop();
});
