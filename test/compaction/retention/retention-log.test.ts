import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { isCheckDue, logDeletion, noteChecked } from "../../../src/compaction/retention/retention-log";

const first = { index: 0, binding: env.DB };

beforeEach(async () => {
  await env.DB.batch(["retention_log", "retention_checks"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

it("makes a check due until a rule has had nothing to delete after a time", async () => {
  expect(await isCheckDue(first, "events", 100)).toBe(true);
  await noteChecked(first, "events", 150);
  expect([await isCheckDue(first, "events", 100), await isCheckDue(first, "errors", 100)]).toEqual([false, true]);
  expect(await isCheckDue(first, "events", 150)).toBe(true);
  await noteChecked(first, "events", 200);
  expect(await isCheckDue(first, "events", 150)).toBe(false);
});

it("records what was deleted", async () => {
  await logDeletion(first, { at: 5, kind: "errors", what: { files: 2 }, rows: 3, bytes: 4 });
  const row = await env.DB.prepare("SELECT at, kind, what, rows, bytes FROM retention_log").first();
  expect(row).toEqual({ at: 5, kind: "errors", what: '{"files":2}', rows: 3, bytes: 4 });
});
