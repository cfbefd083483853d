import { afterEach, describe, expect, it, vi } from "vitest";
import { createSharedReads, SHARED_READ_PATIENCE_MS } from "../../src/rules/shared-reads";

describe("a shared read", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("serves all concurrent callers, and later ones get a new read", async () => {
    const reads = createSharedReads<string, number>();
    let times = 0;
    const read = async () => {
      times += 1;
      return times;
    };
    expect(await Promise.all([reads.get("a", read), reads.get("a", read)])).toEqual([1, 1]);
    expect(await reads.get("a", read)).toBe(2);
  });

  it("fails for all concurrent callers but not for later ones", async () => {
    const reads = createSharedReads<string, number>();
    const fail = () => Promise.reject(new Error("away"));
    const both = await Promise.allSettled([reads.get("a", fail), reads.get("a", fail)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await reads.get("a", async () => 1)).toBe(1);
  });

  it("that never resolves because its request is gone delays others only briefly", async () => {
    vi.useFakeTimers();
    const reads = createSharedReads<string, number>();
    void reads.get("a", () => new Promise(() => {}));
    const other = reads.get("a", async () => 7);
    await vi.advanceTimersByTimeAsync(SHARED_READ_PATIENCE_MS);
    expect(await other).toBe(7);
  });
});
