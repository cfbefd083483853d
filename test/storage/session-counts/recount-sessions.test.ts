import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import { WINDOW_SECONDS, windowOf } from "../../../src/storage/partitions/partition";
import { recountSessionsStatement } from "../../../src/storage/session-counts/recount-sessions";
import { replaceSessionRows } from "../../../src/storage/session-counts/session-count-store";
import { emptyDatabases } from "../empty-databases";
import { eventRow, MORNING, QUARTER, store } from "../seed";
import { sessionRow, storedSessionRows } from "./session-rows";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const NOW = windowOf(MORNING);
/** A day and two windows. */
const WINDOWS = Array.from({ length: 98 }, (_, n) => NOW + n);

beforeEach(async () => {
  await emptyDatabases(databases);
  const buckets = WINDOWS.map((window) => window * WINDOW_SECONDS);
  await replaceSessionRows(first, { seconds: 900, buckets, rows: buckets.map((bucket) => sessionRow(bucket)) });
});

/** The windows that are late after an erasure of events in some windows, counted from NOW. */
async function lateAfter(erased: readonly number[]): Promise<number[]> {
  const statement = await withPartitions(databases, (map) =>
    recountSessionsStatement(
      databases,
      map,
      "erased",
      erased.map((n) => ({ window: NOW + n })),
    ),
  );
  await first.binding.batch([statement]);
  const rows = await storedSessionRows(first, 900);
  return rows.filter(({ late }) => late > 0).map(({ bucket }) => bucket / WINDOW_SECONDS - NOW);
}

const at = (session: string, quarter: number) => eventRow({ session, occurredAt: MORNING + quarter * QUARTER });

it("marks the windows of erased events, and the later windows of the session", async () => {
  await store(databases, { events: [at("erased", 0), at("erased", 2), at("erased", 5), at("other", 7)] });
  expect(await lateAfter([1, 2])).toEqual([1, 2, 5]);
});

it("marks as many later windows as are counted again after a change", async () => {
  await store(databases, { events: WINDOWS.map((_, n) => at("erased", n)) });
  expect(await lateAfter([0])).toEqual(Array.from({ length: 97 }, (_, n) => n));
});

it("marks nothing else for a session without later events", async () => {
  expect(await lateAfter([3])).toEqual([3]);
});
