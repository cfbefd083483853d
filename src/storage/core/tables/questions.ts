import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, unique } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

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
  (table) => [primaryKeyOf(table.propertyId, table.seriesId, table.seconds, table.bucket)],
);

export const propertySweep = sqliteTable("property_sweep", {
  id: integer("id").primaryKey(),
  hour: integer("hour").notNull(),
  startedAt: integer("started_at").notNull(),
});

export const sessionCounts = sqliteTable(
  "session_counts",
  {
    application: text("application").notNull(),
    seconds: integer("seconds").notNull(),
    bucket: integer("bucket").notNull(),
    counted: integer("counted").notNull(),
    late: integer("late").notNull(),
    hotSince: integer("hot_since").notNull(),
    fingerprint: text("fingerprint"),
    held: text("held").notNull(),
    durations: text("durations"),
    visitors: text("visitors"),
  },
  (table) => [primaryKeyOf(table.application, table.seconds, table.bucket)],
);

export const sessionSweep = sqliteTable("session_sweep", {
  id: integer("id").primaryKey(),
  hour: integer("hour").notNull(),
  beganAt: integer("began_at").notNull(),
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
    passes: integer("passes").notNull().default(1),
  },
  (table) => [
    primaryKeyOf(table.id),
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
  (table) => [primaryKeyOf(table.name, table.version)],
);
