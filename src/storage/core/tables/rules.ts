import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

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
    primaryKeyOf(table.category, table.name, table.version),
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
  (table) => [primaryKeyOf(table.inForceAt)],
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
  (table) => [primaryKeyOf(table.seconds, table.category, table.name, table.version, table.bucket, table.path)],
);
