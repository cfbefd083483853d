import { sql } from "drizzle-orm";
import {
  blob,
  index,
  integer,
  // biome-ignore lint/suspicious/noDeprecatedImports: only the form that takes columns one by one is deprecated
  primaryKey,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { EVENT_CODE_NAMES } from "../../model/codes";
import { codeIndex, hasCode } from "./error-codes";

/**
 * The tables of every database, as Drizzle sees them. The migrations are the tables' source, since Drizzle cannot
 * express STRICT and WITHOUT ROWID; a test holds this description against the migrated database. What each column
 * means is written in the migrations. Tables of partitions are made at run time: see partitions/partition-tables.ts.
 */

export const categories = sqliteTable("categories", {
  categoryId: integer("category_id").primaryKey(),
  category: text("category").notNull().unique(),
});

export const series = sqliteTable(
  "series",
  {
    seriesId: integer("series_id").primaryKey(),
    categoryId: integer("category_id").notNull(),
    name: text("name").notNull(),
    application: text("application").notNull(),
    firstDay: integer("first_day").notNull(),
  },
  (table) => [
    unique().on(table.categoryId, table.name, table.application),
    index("series_by_name").on(table.name),
    index("series_by_application").on(table.application, table.firstDay),
  ],
);

export const counts = sqliteTable(
  "counts",
  {
    seconds: integer("seconds").notNull(),
    page: integer("page").notNull(),
    bucket: integer("bucket").notNull(),
    events: integer("events").notNull(),
    bySeries: text("by_series").notNull(),
  },
  (table) => [primaryKey({ columns: [table.seconds, table.page, table.bucket] })],
);

export const seriesHours = sqliteTable(
  "series_hours",
  {
    seriesId: integer("series_id").notNull(),
    hour: integer("hour").notNull(),
  },
  (table) => [primaryKey({ columns: [table.seriesId, table.hour] })],
);

export const partitions = sqliteTable("partitions", {
  partitionId: integer("partition_id").primaryKey(),
  from: integer("from_us").notNull().unique(),
  to: integer("to_us").notNull(),
  databases: text("databases").notNull(),
  slot: integer("slot_us").notNull(),
  state: text("state").notNull(),
  late: integer("late").notNull(),
  ready: integer("ready").notNull(),
  common: text("common").notNull(),
  createdAt: integer("created_at").notNull(),
});

export const revisions = sqliteTable(
  "revisions",
  { name: text("name").notNull(), revision: integer("revision").notNull() },
  (table) => [primaryKey({ columns: [table.name] })],
);

export const numbers = sqliteTable("numbers", { n: integer("n").primaryKey() });

export const erasures = sqliteTable(
  "erasures",
  {
    id: text("id").notNull(),
    kind: text("kind").notNull(),
    subject: text("subject"),
    beforeAt: integer("before_at").notNull(),
    requestedBy: text("requested_by"),
    updatedAt: integer("updated_at").notNull(),
    status: text("status").notNull(),
    step: integer("step").notNull(),
    state: text("state"),
    sessions: integer("sessions").notNull(),
    events: integer("events").notNull(),
    errors: integer("errors").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index("erasures_by_request").on(table.beforeAt, table.id),
    index("erasures_running").on(table.updatedAt).where(sql`status = 'running'`),
  ],
);

export const tombstones = sqliteTable(
  "tombstones",
  { hash: text("hash").notNull(), beforeAt: integer("before_at").notNull(), erasureId: text("erasure_id").notNull() },
  (table) => [primaryKey({ columns: [table.hash] })],
);

export const erasureSalts = sqliteTable("erasure_salts", { salt: text("salt").notNull() }, (table) => [
  primaryKey({ columns: [table.salt] }),
]);

export const erasedObjects = sqliteTable("erased_objects", { objectKey: text("object_key").notNull() }, (table) => [
  primaryKey({ columns: [table.objectKey] }),
]);

export const erasureFence = sqliteTable("erasure_fence", { known: integer("known").notNull() });

export const writeProbe = sqliteTable("write_probe", {
  id: integer("id").primaryKey(),
  probedAt: integer("probed_at").notNull(),
});

export const errors = sqliteTable(
  "errors",
  {
    receivedAt: integer("received_at").notNull(),
    id: text("id").notNull(),
    application: text("application"),
    sessionId: text("session_id"),
    category: text("category"),
    name: text("name"),
    eventId: text("event_id"),
    issues: text("issues").notNull(),
    content: text("content"),
    parts: integer("parts").notNull(),
    resolvedAt: integer("resolved_at"),
    resolvedSession: text("resolved_session"),
    resolvedEventId: text("resolved_event_id"),
    resolvedOccurredAt: integer("resolved_occurred_at"),
    replayedAt: integer("replayed_at"),
    replayId: text("replay_id"),
    claimedBy: text("claimed_by"),
    codes: integer("codes").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.receivedAt, table.id] }),
    uniqueIndex("errors_by_id").on(table.id),
    index("errors_by_session").on(table.sessionId),
    index("errors_by_resolved_session").on(table.resolvedSession).where(sql`resolved_session IS NOT NULL`),
    index("errors_by_application").on(table.application),
    index("errors_by_category").on(table.category),
    index("errors_by_name").on(table.name),
    index("errors_open").on(table.receivedAt).where(sql`resolved_at IS NULL`),
    index("errors_resolved").on(table.receivedAt).where(sql`resolved_at IS NOT NULL`),
    ...EVENT_CODE_NAMES.map((code) =>
      index(codeIndex(code)).on(table.receivedAt, table.id, table.codes).where(hasCode(sql`codes`, code)),
    ),
  ],
);

export const errorParts = sqliteTable(
  "error_parts",
  {
    id: text("id").notNull(),
    part: integer("part").notNull(),
    content: text("content").notNull(),
  },
  (table) => [primaryKey({ columns: [table.id, table.part] })],
);

export const failures = sqliteTable(
  "failures",
  {
    seconds: integer("seconds").notNull(),
    code: text("code").notNull(),
    bucket: integer("bucket").notNull(),
    application: text("application").notNull(),
    category: text("category").notNull(),
    name: text("name").notNull(),
    path: text("path").notNull(),
    events: integer("events").notNull(),
    lastErrorId: text("last_error_id").notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.seconds, table.code, table.bucket, table.application, table.category, table.name, table.path],
    }),
  ],
);

export const replays = sqliteTable(
  "replays",
  {
    id: text("id").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    status: text("status").notNull(),
    application: text("application"),
    selection: text("selection").notNull(),
    repair: text("repair"),
    step: integer("step").notNull(),
    cursor: text("cursor"),
    plan: text("plan"),
    matched: integer("matched").notNull(),
    stored: integer("stored").notNull(),
    failing: integer("failing").notNull(),
    skipped: integer("skipped").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index("replays_by_creation").on(table.createdAt),
    index("replays_by_application").on(table.application, table.createdAt),
  ],
);

export const eventTypes = sqliteTable(
  "event_types",
  {
    category: text("category").notNull(),
    name: text("name").notNull(),
    version: integer("version").notNull(),
    registered: integer("registered").notNull(),
    description: text("description"),
    owner: text("owner"),
    mode: text("mode").notNull(),
    schema: text("schema"),
    schemaMode: text("schema_mode").notNull(),
    changedAt: integer("changed_at").notNull(),
    inForceAt: integer("in_force_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.category, table.name, table.version] }),
    index("event_types_by_force").on(table.inForceAt),
  ],
);

export const ruleSettings = sqliteTable(
  "rule_settings",
  {
    inForceAt: integer("in_force_at").notNull(),
    unregistered: text("unregistered").notNull(),
    changedAt: integer("changed_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.inForceAt] })],
);

export const reportOnlyFailures = sqliteTable(
  "report_only_failures",
  {
    seconds: integer("seconds").notNull(),
    category: text("category").notNull(),
    name: text("name").notNull(),
    version: integer("version").notNull(),
    bucket: integer("bucket").notNull(),
    path: text("path").notNull(),
    events: integer("events").notNull(),
    sampleSession: text("sample_session").notNull(),
    sampleEvent: text("sample_event").notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.seconds, table.category, table.name, table.version, table.bucket, table.path],
    }),
  ],
);

export const alerts = sqliteTable(
  "alerts",
  {
    name: text("name").notNull(),
    rule: text("rule").notNull(),
    secret: text("secret").notNull(),
    createdAt: integer("created_at").notNull(),
    state: text("state").notNull(),
    since: integer("since").notNull(),
    episode: integer("episode").notNull(),
    incarnation: text("incarnation").notNull(),
  },
  (table) => [primaryKey({ columns: [table.name] })],
);

export const alertDeliveries = sqliteTable(
  "alert_deliveries",
  {
    id: text("id").notNull(),
    alert: text("alert").notNull(),
    createdAt: integer("created_at").notNull(),
    kind: text("kind").notNull(),
    body: text("body").notNull(),
    status: text("status").notNull(),
    attempts: integer("attempts").notNull(),
    nextAttemptAt: integer("next_attempt_at").notNull(),
    outcome: text("outcome"),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index("alert_deliveries_pending").on(table.nextAttemptAt).where(sql`status = 'pending'`),
    index("alert_deliveries_by_alert").on(table.alert, table.createdAt),
  ],
);

export const applications = sqliteTable(
  "applications",
  {
    name: text("name").notNull(),
    createdAt: integer("created_at").notNull(),
    origins: text("origins"),
  },
  (table) => [primaryKey({ columns: [table.name] })],
);

export const applicationKeys = sqliteTable(
  "application_keys",
  {
    sequence: integer("sequence").primaryKey(),
    id: text("id").notNull(),
    application: text("application").notNull(),
    scope: text("scope").notNull(),
    hash: text("hash").notNull(),
    hint: text("hint").notNull(),
    createdAt: integer("created_at").notNull(),
    origins: text("origins"),
    applications: text("applications"),
    revision: integer("revision").notNull(),
  },
  (table) => [
    uniqueIndex("application_keys_by_id").on(table.id),
    uniqueIndex("application_keys_by_hash").on(table.hash),
    index("application_keys_by_application").on(table.application, table.scope),
  ],
);

export const archiveFiles = sqliteTable(
  "archive_files",
  {
    fileId: integer("file_id").primaryKey(),
    kind: text("kind").notNull(),
    objectKey: text("object_key").notNull(),
    partitionId: integer("partition_id").notNull(),
    database: integer("database").notNull(),
    hour: integer("hour").notNull(),
    generation: integer("generation").notNull(),
    firstUs: integer("first_us").notNull(),
    lastUs: integer("last_us").notNull(),
    rows: integer("rows").notNull(),
    bytes: integer("bytes").notNull(),
    footerBytes: integer("footer_bytes").notNull(),
    indexLevel: integer("index_level").notNull(),
    resolved: integer("finished").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    index("archive_files_by_hour").on(table.kind, table.hour, table.partitionId),
    index("archive_files_by_partition").on(table.partitionId, table.database, table.generation),
  ],
);

export const compactions = sqliteTable(
  "compactions",
  {
    partitionId: integer("partition_id").notNull(),
    database: integer("database").notNull(),
    startedAt: integer("started_at").notNull(),
    copied: text("copied"),
    rows: integer("rows").notNull(),
    done: integer("done").notNull(),
    failure: text("failure"),
  },
  (table) => [primaryKey({ columns: [table.partitionId, table.database] })],
);

export const archiveIndex = sqliteTable(
  "archive_index",
  {
    bucket: integer("bucket").notNull(),
    hour: integer("hour").notNull(),
    fileId: integer("file_id").notNull(),
    entries: blob("entries").notNull(),
  },
  (table) => [primaryKey({ columns: [table.bucket, table.hour, table.fileId] })],
);

export const archiveFinished = sqliteTable("archive_finished", { fileId: integer("file_id").primaryKey() });

export const storageSettings = sqliteTable("storage_settings", {
  id: integer("id").primaryKey(),
  settings: text("settings").notNull(),
  changedAt: integer("changed_at").notNull(),
});

export const retentionLog = sqliteTable("retention_log", {
  id: integer("id").primaryKey(),
  at: integer("at").notNull(),
  kind: text("kind").notNull(),
  what: text("what").notNull(),
  rows: integer("rows").notNull(),
  bytes: integer("bytes").notNull(),
});

export const compactorLease = sqliteTable("compactor_lease", {
  id: integer("id").primaryKey(),
  heldUntil: integer("held_until").notNull(),
});

export const properties = sqliteTable(
  "properties",
  {
    propertyId: integer("property_id").primaryKey({ autoIncrement: true }),
    category: text("category").notNull(),
    name: text("name").notNull(),
    path: text("path").notNull(),
    kind: text("kind").notNull(),
    template: text("template"),
    declaredAt: integer("declared_at").notNull(),
  },
  (table) => [unique().on(table.category, table.name, table.path)],
);

export const propertyCounts = sqliteTable(
  "property_counts",
  {
    propertyId: integer("property_id").notNull(),
    seriesId: integer("series_id").notNull(),
    seconds: integer("seconds").notNull(),
    bucket: integer("bucket").notNull(),
    counted: integer("counted").notNull(),
    held: text("held").notNull(),
  },
  (table) => [primaryKey({ columns: [table.propertyId, table.seriesId, table.seconds, table.bucket] })],
);

export const propertySweep = sqliteTable("property_sweep", {
  id: integer("id").primaryKey(),
  hour: integer("hour").notNull(),
  startedAt: integer("started_at").notNull(),
});

export const questionJobs = sqliteTable(
  "question_jobs",
  {
    id: text("id").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    status: text("status").notNull(),
    question: text("question").notNull(),
    timezone: text("timezone").notNull(),
    step: integer("step").notNull(),
    steps: integer("steps").notNull(),
    state: text("state"),
    rowsRead: integer("rows_read").notNull(),
    result: text("result"),
    reason: text("reason"),
  },
  (table) => [
    primaryKey({ columns: [table.id] }),
    index("question_jobs_by_creation").on(table.createdAt),
    index("question_jobs_running").on(table.updatedAt).where(sql`status = 'running'`),
  ],
);

export const questions = sqliteTable(
  "questions",
  {
    name: text("name").notNull(),
    version: integer("version").notNull(),
    kind: text("kind").notNull(),
    question: text("question"),
    description: text("description"),
    savedAt: integer("saved_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.version] })],
);
