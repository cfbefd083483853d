import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

export const applications = sqliteTable(
  "applications",
  {
    name: text("name").notNull(),
    createdAt: integer("created_at").notNull(),
    origins: text("origins"),
  },
  (table) => [primaryKeyOf(table.name)],
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
