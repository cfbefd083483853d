import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

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
  (table) => [primaryKeyOf(table.name)],
);

export const writeProbe = sqliteTable("write_probe", {
  id: integer("id").primaryKey(),
  probedAt: integer("probed_at").notNull(),
});
