import { DurationTable, writeDurations } from "../../../src/model/questions/sessions/duration-table";
import { EntryTable } from "../../../src/model/questions/sessions/entry-table";
import { writeSessionCounts } from "../../../src/model/questions/sessions/session-counts";
import { VisitorTable, writeVisitors } from "../../../src/model/questions/sessions/visitor-table";
import { DAY_SECONDS } from "../../../src/model/time/units";
import type { Database } from "../../../src/storage/core/databases";
import { WINDOW_SECONDS } from "../../../src/storage/partitions/partition";
import {
  readSessionRows,
  type SessionRow,
  type SessionWidth,
} from "../../../src/storage/session-counts/session-count-store";

/** A row of sessions that begin in the bucket, each with two events within 30 µs, of one visitor whose hash is the bucket. */
export function sessionRow(bucket: number, more: Partial<SessionRow> = {}, sessions = 1): SessionRow {
  const window = bucket / WINDOW_SECONDS;
  const held = writeSessionCounts({
    starts: new EntryTable([[window, window - 10_000, sessions, 0]]),
    sums: new EntryTable([[window, window - 10_000, 2 * sessions, 30 * sessions]]),
  });
  const durations = new DurationTable();
  const visitors = new VisitorTable();
  visitors.add(window, window - 10_000, [bucket]);
  durations.add(window, window - 10_000, "0", sessions);
  return {
    ...{ application: "", bucket, counted: 2 * sessions, late: 0, hotSince: 0, fingerprint: null, held },
    ...{ durations: writeDurations(durations), visitors: writeVisitors(visitors, sessions) },
    ...more,
  };
}

/** The stored rows of one width, in the order of their buckets. */
export async function storedSessionRows(
  database: Database,
  seconds: SessionWidth,
  application = "",
  span: readonly [number, number] = [0, 100_000 * DAY_SECONDS],
): Promise<SessionRow[]> {
  const [rows = []] = await readSessionRows(database, [
    { application, seconds, spans: [span], withHeld: true, withDetails: true },
  ]);
  return rows.toSorted((a, b) => a.bucket - b.bucket);
}
