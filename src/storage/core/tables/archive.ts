import { blob, index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

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
    finished: integer("finished").notNull(),
    createdAt: integer("created_at").notNull(),
    applications: text("applications"),
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
  (table) => [primaryKeyOf(table.partitionId, table.database)],
);

export const archiveIndex = sqliteTable(
  "archive_index",
  {
    bucket: integer("bucket").notNull(),
    hour: integer("hour").notNull(),
    fileId: integer("file_id").notNull(),
    entries: blob("entries").notNull(),
  },
  (table) => [primaryKeyOf(table.bucket, table.hour, table.fileId)],
);

export const pendingObjects = sqliteTable(
  "pending_objects",
  {
    objectKey: text("object_key").notNull(),
    fileId: integer("file_id").notNull(),
    database: integer("database").notNull(),
    hour: integer("hour").notNull(),
    indexLevel: integer("index_level").notNull(),
    notedAt: integer("noted_at").notNull(),
    doomed: integer("doomed").notNull(),
  },
  (table) => [primaryKeyOf(table.objectKey)],
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

export const retentionChecks = sqliteTable(
  "retention_checks",
  { rule: text("rule").notNull(), at: integer("at").notNull() },
  (table) => [primaryKeyOf(table.rule)],
);

export const compactorLease = sqliteTable("compactor_lease", {
  id: integer("id").primaryKey(),
  heldUntil: integer("held_until").notNull(),
});
