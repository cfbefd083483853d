import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { claimRun, holdLease } from "../../src/compaction/compactor-lease";
import { MINUTE, MORNING } from "../storage/seed";

const first = { index: 0, binding: env.DB };

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM compactor_lease").run();
});

it("lets one chain of runs start at a time", async () => {
  const claims = await Promise.all([1, 2, 3].map(() => claimRun(first, MORNING)));
  expect(claims.filter((isClaimed) => isClaimed)).toHaveLength(1);
});

it("lets the next chain start once the last one is over, or has not run for 15 minutes", async () => {
  await claimRun(first, MORNING);
  expect(await claimRun(first, MORNING + 14 * MINUTE)).toBe(false);
  await holdLease(first, MORNING + 10 * MINUTE, true);
  expect(await claimRun(first, MORNING + 24 * MINUTE)).toBe(false);
  expect(await claimRun(first, MORNING + 25 * MINUTE)).toBe(true);
  await holdLease(first, MORNING + 26 * MINUTE, false);
  expect(await claimRun(first, MORNING + 26 * MINUTE)).toBe(true);
});
