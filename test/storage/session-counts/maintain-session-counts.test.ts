import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { maintainSessionCounts } from "../../../src/storage/session-counts/maintain-session-counts";
import { emptyDatabases } from "../empty-databases";
import { failingDatabase } from "../failing-database";
import { eventRow, HOUR, MORNING, store } from "../seed";

const databases = databasesOf(env);
const lines: Record<string, unknown>[] = [];
const log = (line: Record<string, unknown>) => void lines.push(line);

beforeEach(async () => {
  lines.length = 0;
  await emptyDatabases(databases);
});

it("logs how much it has counted, and nothing if there is nothing to count", async () => {
  await maintainSessionCounts({ databases, log }, MORNING + HOUR);
  expect(lines).toEqual([]);
  await store(databases, { events: [eventRow()] });
  await maintainSessionCounts({ databases, log }, MORNING + 2 * HOUR);
  // One window and its hour, for all applications and for one.
  expect(lines).toEqual([{ log: "session_counts", windows: 1, rows: 4 }]);
});

it("logs a failure instead of throwing it", async () => {
  await maintainSessionCounts({ databases: [failingDatabase(firstDatabase(databases), "D1 is down")], log }, MORNING);
  expect(lines).toEqual([{ log: "session_counts_failed", reason: expect.stringContaining("D1 is down") }]);
});
