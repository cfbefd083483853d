import type { Database } from "../../../src/storage/core/databases";
import { unpackId } from "../../../src/storage/core/packed-id";
import { forgetSeries } from "../../../src/storage/counts/series";

/** Everything in the databases, whatever the partition map says. */
export interface Tables {
  /** Each existing set of a partition's tables in a database. */
  lanes: LaneTables[];
  databases: DatabaseTables[];
}

export interface LaneTables {
  database: number;
  partition: number;
  /** `archived`: what the archive holds in place of its tables. */
  kind: "open" | "sealed" | "late" | "archived";
  events: EventFound[];
  /** `session window` */
  activity: string[];
  /** `visitor session` */
  visits: string[];
  /** By `application category name bucket`; and the sums by page and bucket. */
  minutes: Counts;
}

export interface DatabaseTables {
  database: number;
  errors: ErrorFound[];
  /** By `error part`. */
  parts: Map<string, string>;
  /** By `seconds bucket`; of events by timestamp, and by receipt. */
  counts: Map<string, Counts>;
  receipts: Map<string, Counts>;
  /** `application category name hour` */
  hours: string[];
  failures: Map<string, number>;
  shadow: Map<string, number>;
}

export interface Counts {
  bySeries: Map<string, number>;
  sums: Map<string, number>;
}

export interface EventFound {
  database: number;
  session: string;
  id: string;
  slot: number;
  sampleKey: number;
  tie: number;
  application: string;
  category: string;
  name: string;
  isRare: boolean;
  occurredAt: number;
  receivedAt: number;
  data: string;
  context: string | null;
  extra: string | null;
  visitor: string | null;
}

export interface ErrorFound {
  database: number;
  id: string;
  receivedAt: number;
  application: string | null;
  session: string | null;
  category: string | null;
  name: string | null;
  eventId: string;
  content: string | null;
  parts: number;
  issues: { code: string; path: string }[];
  codeBits: number;
  resolvedAt: number | null;
  resolvedSession: string | null;
  resolvedEventId: string | null;
  resolvedOccurredAt: number | null;
  replay: string | null;
}

type Row = Record<string, string | number | null>;

const FIXED = {
  series: "SELECT series_id, application, category, name, category_id FROM series JOIN categories USING (category_id)",
  counts: "SELECT seconds, page, bucket, events, by_series FROM counts",
  receipts: "SELECT seconds, page, bucket, events, by_series FROM receipt_counts",
  hours: "SELECT series_id, hour FROM series_hours",
  errors: "SELECT * FROM errors",
  parts: "SELECT id, part, content FROM error_parts",
  failures: "SELECT seconds, code, bucket, application, category, name, path, events FROM failures",
  shadow: "SELECT seconds, category, name, version, bucket, path, events FROM report_only_failures",
  names: "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'events_[0-9]*'",
} as const;

const LANE = {
  events: (suffix: string) => `
    SELECT slot, sample_key, ${packed("session_id")} AS session, occurred_at, tie, received_after, series_id, rare, ${packed("id")} AS id,
      data, context, extra, ${packed("visitor_id")} AS visitor
    FROM events_${suffix} ORDER BY occurred_at, received_after, session_id, tie`,
  activity: (suffix: string) => `SELECT ${packed("session_id")} AS session, "window" FROM activity_${suffix}`,
  visits: (suffix: string) =>
    `SELECT ${packed("visitor_id")} AS visitor, ${packed("session_id")} AS session FROM visits_${suffix}`,
  minutes: (suffix: string) => `SELECT page, minute AS bucket, events, by_series FROM minutes_${suffix}`,
} as const;

function packed(column: string): string {
  return `iif(typeof(${column}) = 'blob', 'x' || lower(hex(${column})), 't' || ${column})`;
}

export async function readTables(databases: readonly Database[]): Promise<Tables> {
  const all = await Promise.all(databases.map(readDatabase));
  return { lanes: all.flatMap(({ lanes }) => lanes), databases: all.map(({ tables }) => tables) };
}

async function readDatabase({ index: database, binding }: Database) {
  const fixed = Object.values(FIXED).map((sql) => binding.prepare(sql));
  const [
    series = [],
    counts = [],
    receipts = [],
    hours = [],
    errors = [],
    parts = [],
    failures = [],
    shadow = [],
    names = [],
  ] = (await binding.batch<Row>(fixed)).map(({ results }) => results);
  const suffixes = names.map(({ name }) => String(name).slice("events_".length));
  const statements = suffixes.flatMap((suffix) => Object.values(LANE).map((sql) => binding.prepare(sql(suffix))));
  const rows = statements.length === 0 ? [] : (await binding.batch<Row>(statements)).map(({ results }) => results);

  const seriesNames = new Map(series.map((row) => [Number(row.series_id), row]));
  const nameOf = (id: unknown) => {
    const { application, category, name } = seriesNames.get(Number(id)) ?? {};
    return `${application} ${category} ${name}`;
  };
  const tables: DatabaseTables = {
    database,
    errors: errors.map((row) => errorFound(database, row)),
    parts: new Map(parts.map(({ id, part, content }) => [`${id} ${part}`, String(content)])),
    counts: byWidth(counts, nameOf),
    receipts: byWidth(receipts, nameOf, isCounted),
    hours: hours.map(({ series_id: id, hour }) => `${nameOf(id)} ${hour}`),
    failures: aggregates(failures),
    shadow: aggregates(shadow),
  };
  const lanes = suffixes.map((suffix, place): LaneTables => {
    const [events = [], activity = [], visits = [], minutes = []] = rows.slice(4 * place, 4 * place + 4);
    return {
      ...{ database, partition: Number.parseInt(suffix, 10) },
      kind: suffix.endsWith("s") ? "sealed" : suffix.endsWith("l") ? "late" : "open",
      events: events.map((row) => eventFound(database, row, seriesNames.get(Number(row.series_id)) ?? {})),
      activity: activity.map((row) => `${unpackId(String(row.session))} ${row.window}`),
      visits: visits.map((row) => `${unpackId(String(row.visitor))} ${unpackId(String(row.session))}`),
      minutes: readCounts(minutes, nameOf),
    };
  });
  return { lanes, tables };
}

function eventFound(database: number, row: Row, series: Row): EventFound {
  const occurredAt = Number(row.occurred_at);
  return {
    ...{ database, occurredAt, receivedAt: occurredAt + Number(row.received_after) },
    ...{ slot: Number(row.slot), sampleKey: Number(row.sample_key), tie: Number(row.tie) },
    ...{ session: unpackId(String(row.session)), id: unpackId(String(row.id)) },
    ...{ application: String(series.application), category: String(series.category), name: String(series.name) },
    isRare: row.rare !== null && row.rare === series.category_id,
    ...{ data: String(row.data), context: textOrNull(row.context), extra: textOrNull(row.extra) },
    visitor: row.visitor === null ? null : unpackId(String(row.visitor)),
  };
}

function errorFound(database: number, row: Row): ErrorFound {
  return {
    ...{ database, id: String(row.id), receivedAt: Number(row.received_at) },
    ...{ application: textOrNull(row.application), session: textOrNull(row.session_id) },
    ...{ category: textOrNull(row.category), name: textOrNull(row.name), eventId: String(row.event_id) },
    ...{ content: textOrNull(row.content), parts: Number(row.parts), codeBits: Number(row.codes) },
    issues: JSON.parse(String(row.issues)),
    ...{ resolvedAt: numberOrNull(row.resolved_at), resolvedSession: textOrNull(row.resolved_session) },
    ...{
      resolvedEventId: textOrNull(row.resolved_event_id),
      resolvedOccurredAt: numberOrNull(row.resolved_occurred_at),
    },
    replay: textOrNull(row.replay_id),
  };
}

function byWidth(
  rows: readonly Row[],
  nameOf: (id: unknown) => string,
  isListed: (events: number) => boolean = () => true,
): Map<string, Counts> {
  const widths = Map.groupBy(rows, ({ seconds }) => String(seconds));
  return new Map([...widths].map(([seconds, own]) => [seconds, readCounts(own, nameOf, isListed)]));
}

/** What is taken out again leaves a 0. */
function isCounted(events: number): boolean {
  return events !== 0;
}

function readCounts(
  rows: readonly Row[],
  nameOf: (id: unknown) => string,
  isListed: (events: number) => boolean = () => true,
): Counts {
  const counts: Counts = { bySeries: new Map(), sums: new Map() };
  for (const { bucket, events, by_series: bySeries } of rows) {
    if (isListed(Number(events))) add(counts.sums, String(bucket), Number(events));
    for (const [id, number] of Object.entries<number>(JSON.parse(String(bySeries)))) {
      if (isListed(number)) add(counts.bySeries, `${nameOf(id)} ${bucket}`, number);
    }
  }
  return counts;
}

function aggregates(rows: readonly Row[]): Map<string, number> {
  return new Map(rows.map(({ events, ...aggregate }) => [JSON.stringify(Object.values(aggregate)), Number(events)]));
}

function textOrNull(value: string | number | null | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

function numberOrNull(value: string | number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

export function add(map: Map<string, number>, key: string, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}

/** Removes the data of earlier seeds. Migrations and the revision of the map stay. */
export async function emptyDatabases(databases: readonly Database[]): Promise<void> {
  const kept = [
    "series",
    "counts",
    "receipt_counts",
    "series_hours",
    "errors",
    "error_parts",
    "failures",
    "report_only_failures",
    "replays",
  ];
  const erased = ["erasures", "tombstones", "erasure_salts", "erased_places", "erased_remainders", "free_space_zeros"];
  const archived = ["archive_files", "archive_index", "archive_finished", "compactions", "pending_objects"];
  databases.forEach(forgetSeries);
  await Promise.all(
    databases.map(async ({ binding }) => {
      const { results } = await binding
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '*_[0-9]*'")
        .all<{ name: string }>();
      const dropped = results.filter(({ name }) => /^(events|activity|visits|minutes)_\d+[sl]?$/.test(name));
      await binding.batch([
        ...dropped.map(({ name }) => binding.prepare(`DROP TABLE ${name}`)),
        ...[...kept, ...erased, ...archived, "partitions"].map((name) => binding.prepare(`DELETE FROM ${name}`)),
        binding.prepare("DELETE FROM categories WHERE category <> ''"),
        binding.prepare("UPDATE revisions SET revision = iif(name = 'erased_before', 0, revision + 1)"),
        binding.prepare("UPDATE free_space SET overwritten = frees"),
      ]);
    }),
  );
}
