import { sql } from "drizzle-orm";
import { blob, index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

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
    waitingSince: integer("waiting_since"),
    missingObject: text("missing_object"),
    thorough: integer("thorough").notNull().default(0),
  },
  (table) => [
    primaryKeyOf(table.id),
    index("erasures_by_request").on(table.beforeAt, table.id),
    index("erasures_running").on(table.updatedAt).where(sql`status = 'running'`),
  ],
);

export const tombstones = sqliteTable(
  "tombstones",
  { hash: text("hash").notNull(), beforeAt: integer("before_at").notNull(), erasureId: text("erasure_id").notNull() },
  (table) => [primaryKeyOf(table.hash)],
);

export const erasureSalts = sqliteTable("erasure_salts", { salt: text("salt").notNull() }, (table) => [
  primaryKeyOf(table.salt),
]);

export const restoreMarks = sqliteTable("restore_marks", {
  id: integer("id").primaryKey(),
  mark: text("mark").notNull().unique(),
});

export const erasureFence = sqliteTable("erasure_fence", { known: integer("known").notNull() });

export const erasedPlaces = sqliteTable(
  "erased_places",
  { tableName: text("table_name").notNull(), place: text("place").notNull() },
  (table) => [primaryKeyOf(table.tableName, table.place)],
);

export const erasedRemainders = sqliteTable(
  "erased_remainders",
  {
    tableName: text("table_name").notNull(),
    firstAt: integer("first_at").notNull(),
    lastAt: integer("last_at").notNull(),
    checkedAt: integer("checked_at").notNull(),
    freed: integer("freed").notNull().default(0),
  },
  (table) => [primaryKeyOf(table.tableName)],
);

export const freeSpace = sqliteTable("free_space", {
  id: integer("id").primaryKey(),
  frees: integer("frees").notNull(),
  overwritten: integer("overwritten").notNull(),
  peakBytes: integer("peak_bytes").notNull(),
});

export const freeSpaceZeros = sqliteTable("free_space_zeros", {
  id: integer("id").primaryKey(),
  zeros: blob("zeros").notNull(),
});
