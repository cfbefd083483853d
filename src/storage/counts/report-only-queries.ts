import { sql } from "drizzle-orm";
import { compareTexts } from "../../model/compare-texts";
import type { Database } from "../core/databases";
import { MAX_REPORT_ONLY_PATHS } from "../core/read-limits";
import { readerOf } from "../core/reader";

/** What a report-only schema would have rejected at one path. */
export interface ReportOnlyGroup {
  /** JSON pointer into the event, with array indexes as `*`. An empty path counts events, each once. */
  path: string;
  events: number;
  /** Starts of the first and the last day, in seconds since 1970. */
  first: number;
  last: number;
  /** The first such event in one of the databases. */
  sample: { session: string; event: string };
}

/**
 * The report-only counts of a version of an event type, most frequent paths first. They are read from the counts by
 * day, so the cost is one row for each day and path of the version.
 */
export async function sumUpReportOnly(
  databases: Database[],
  { category, name, version }: { category: string; name: string; version: number },
): Promise<ReportOnlyGroup[]> {
  interface Row {
    path: string;
    events: number;
    first: number;
    last: number;
    session: string;
    event: string;
  }
  const found = await Promise.all(
    databases.map((database) =>
      readerOf(database).all<Row>(sql`
        SELECT path, sum(events) AS events, min(bucket) AS first, max(bucket) AS last, sample_session AS session,
          sample_event AS event
        FROM report_only_failures
        WHERE seconds = 86400 AND category = ${category} AND name = ${name} AND version = ${version}
        GROUP BY path`),
    ),
  );
  const groups = new Map<string, ReportOnlyGroup>();
  for (const { session, event, ...row } of found.flat()) {
    const same = groups.get(row.path);
    const sample = same?.sample ?? { session, event };
    groups.set(row.path, {
      path: row.path,
      events: row.events + (same?.events ?? 0),
      first: Math.min(row.first, same?.first ?? row.first),
      last: Math.max(row.last, same?.last ?? row.last),
      sample,
    });
  }
  return [...groups.values()]
    .sort((a, b) => b.events - a.events || compareTexts(a.path, b.path))
    .slice(0, MAX_REPORT_ONLY_PATHS);
}
