import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { primaryKeyOf } from "./primary-key";

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
  (table) => [primaryKeyOf(table.name)],
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
    primaryKeyOf(table.id),
    index("alert_deliveries_pending").on(table.nextAttemptAt).where(sql`status = 'pending'`),
    index("alert_deliveries_by_alert").on(table.alert, table.createdAt),
  ],
);
