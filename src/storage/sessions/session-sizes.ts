import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import type { ArchiveBucket } from "../archive/archive-bucket";
import { coldPartitions } from "../archive/cold-files";
import type { ReadBudget } from "../archive/file/file-reader";
import type { Database } from "../core/databases";
import { unpackId } from "../core/packed-id";
import { isOfApplications } from "../counts/series";
import type { PartitionMap } from "../partitions/partition-map";
import { type EventRange, integer } from "../scan/event-order";
import { type LaneSource, readAll } from "../scan/lane-chains";
import { isNoCopy } from "../scan/scan-terms";
import { archivedSizes, type SizeRow, withoutPartitions } from "./archived-sizes";
import type { SessionSize, Within } from "./session-filter";
import { eventsOfWanted, sessionStatements } from "./wanted-sessions";

export interface SizeQuestion {
  from: Micros | null;
  to: Micros | null;
  asOf: Micros;
  /** Only events of these applications count; null for all. */
  applications: readonly string[] | null;
  size: SessionSize;
  /** The archive, and the reads of R2 that are left. Absent: only events in the databases count. */
  archive?: { bucket: ArchiveBucket; budget: ReadBudget } | null;
}

/**
 * Returns the sessions whose number of events in the range, and whose duration, are within the limits. Reads a session's events
 * up to the number that decides, and its first and last event in the range; of the archive, all of its events in the range.
 *
 * @throws DrizzleQueryError, TooManyColdReads
 */
export async function sessionsOfSize(
  databases: readonly Database[],
  map: PartitionMap,
  { from, to, asOf, applications, size, archive = null }: SizeQuestion,
  sessions: readonly string[],
): Promise<Set<string>> {
  const range: EventRange = { order: "asc", from, to, after: null };
  const cold = archive === null ? [] : coldPartitions(map, range);
  const hot = cold.length === 0 ? map : withoutPartitions(map, cold);
  const statements = sessionStatements(databases, hot, range, sessions, (lane, wanted) =>
    sizeTerm(lane, wanted, range, { asOf, applications, size }),
  );
  const rows = (await readAll<SizeRow>(statements)).flat();
  if (archive !== null && cold.length > 0) {
    const asked = { range, asOf, applications, partitions: cold };
    rows.push(...(await archivedSizes({ databases, bucket: archive.bucket }, map, asked, sessions, archive.budget)));
  }
  const fitting = [...Map.groupBy(rows, ({ session }) => session)].filter(([, own]) => fits(own, size));
  return new Set(fitting.map(([session]) => unpackId(session)));
}

function fits(rows: readonly SizeRow[], { events, micros }: SessionSize): boolean {
  const count = rows.reduce((sum, row) => sum + row.events, 0);
  const first = Math.min(...rows.map((row) => row.first ?? Number.POSITIVE_INFINITY));
  const last = Math.max(...rows.map((row) => row.last ?? Number.NEGATIVE_INFINITY));
  return isWithin(count, events) && (!isAsked(micros) || isWithin(last - first, micros));
}

function isWithin(value: number, { least, most }: Within): boolean {
  return value >= (least ?? 0) && value <= (most ?? Number.POSITIVE_INFINITY);
}

function isAsked({ least, most }: Within): boolean {
  return least !== null || most !== null;
}

function sizeTerm(
  lane: LaneSource,
  wanted: SQL,
  range: EventRange,
  { asOf, applications, size: { events, micros } }: Pick<SizeQuestion, "asOf" | "applications" | "size">,
): SQL {
  const own = sql`${eventsOfWanted(lane, range, asOf)}
    AND ${isOfApplications(sql`e.series_id`, applications)}
    AND ${lane.main === null ? sql`true` : isNoCopy(lane.main.suffix)}`;
  const edge = (order: string) =>
    isAsked(micros)
      ? sql`(SELECT e.occurred_at FROM ${own}
          ORDER BY a."window" ${sql.raw(order)}, n.n ${sql.raw(order)}, e.occurred_at ${sql.raw(order)} LIMIT 1)`
      : sql`NULL`;
  const enough = Math.max(events.least ?? 0, (events.most ?? -1) + 1);
  const count = isAsked(events) ? sql`(SELECT count(*) FROM (SELECT 1 FROM ${own} LIMIT ${integer(enough)}))` : sql`0`;
  return sql`SELECT wanted.packed AS session, ${count} AS events, ${edge("ASC")} AS first, ${edge("DESC")} AS last
    FROM ${wanted}`;
}
