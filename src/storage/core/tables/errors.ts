import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { EVENT_CODE_NAMES } from "../../../model/codes";
import { codeIndex, hasCode } from "../error-codes";
import { primaryKeyOf } from "./primary-key";

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
    primaryKeyOf(table.receivedAt, table.id),
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
  (table) => [primaryKeyOf(table.id, table.part)],
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
    firstAt: integer("first_at"),
    lastAt: integer("last_at"),
  },
  (table) => [
    primaryKeyOf(table.seconds, table.code, table.bucket, table.application, table.category, table.name, table.path),
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
    primaryKeyOf(table.id),
    index("replays_by_creation").on(table.createdAt),
    index("replays_by_application").on(table.application, table.createdAt),
  ],
);
