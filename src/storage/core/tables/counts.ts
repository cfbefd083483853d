import { index, integer, sqliteTable, text, unique } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

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
  (table) => [primaryKeyOf(table.seconds, table.page, table.bucket)],
);

export const receiptCounts = sqliteTable(
  "receipt_counts",
  {
    seconds: integer("seconds").notNull(),
    page: integer("page").notNull(),
    bucket: integer("bucket").notNull(),
    events: integer("events").notNull(),
    bySeries: text("by_series").notNull(),
  },
  (table) => [primaryKeyOf(table.seconds, table.page, table.bucket)],
);

export const seriesHours = sqliteTable(
  "series_hours",
  {
    seriesId: integer("series_id").notNull(),
    hour: integer("hour").notNull(),
  },
  (table) => [primaryKeyOf(table.seriesId, table.hour)],
);

export const numbers = sqliteTable("numbers", { n: integer("n").primaryKey() });
