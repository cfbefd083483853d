import * as v from "valibot";
import { ModeSchema, SchemaModeSchema } from "../../model/event/event-type";
import type { Database } from "../core/databases";
import { type Page, pageWithin } from "../scan/partial-page";
import { type ChangeTime, inForceAt } from "./rule-epochs";

/**
 * Event types. They do not belong to a session, so they are in the first database. They are read and written at its
 * primary, so that whoever changes a type sees the change.
 */

const VersionRowSchema = v.pipe(
  v.object({
    category: v.string(),
    name: v.string(),
    version: v.number(),
    registered: v.number(),
    description: v.nullable(v.string()),
    owner: v.nullable(v.string()),
    mode: ModeSchema,
    schema: v.nullable(v.string()),
    schema_mode: SchemaModeSchema,
    changed_at: v.number(),
    in_force_at: v.number(),
  }),
  v.transform(({ registered, ...row }) => ({ ...row, registered: registered === 1 })),
);

/**
 * One version of an event type. It is in force from `in_force_at` until that of the next version, in microseconds
 * since 1970.
 */
export type EventTypeVersion = v.InferOutput<typeof VersionRowSchema>;

/** The registered properties of an event type. */
export type EventTypeDefinition = Omit<EventTypeVersion, "version" | "changed_at" | "in_force_at" | "registered">;

const COLUMNS =
  "category, name, version, registered, description, owner, mode, schema, schema_mode, changed_at, in_force_at";

const NEWEST = `SELECT ${COLUMNS} FROM event_types WHERE category = ?1 AND name = ?2 ORDER BY version DESC LIMIT 1`;

/** Adds nothing if the newest version is the same. */
const ADD_VERSION = `
INSERT INTO event_types (${COLUMNS})
SELECT ?1, ?2, coalesce(max(version), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ${inForceAt("?9", "?10")}
FROM event_types
WHERE category = ?1 AND name = ?2
HAVING NOT EXISTS (
  SELECT 1 FROM (${NEWEST})
  WHERE registered = ?3 AND description IS ?4 AND owner IS ?5 AND mode = ?6 AND schema IS ?7 AND schema_mode = ?8
)`;

/** The newest version of each registered type. Reads every version of every type, a few thousand rows at most. */
const CURRENT = `
SELECT ${COLUMNS} FROM event_types AS held
WHERE registered = 1 AND version = (
  SELECT max(version) FROM event_types AS newer WHERE newer.category = held.category AND newer.name = held.name
) ORDER BY category, name`;

/**
 * Registers an event type, or removes it, as a new version that comes into force after the lead.
 *
 * @returns the newest version, and whether this call added it
 */
export async function saveVersion(
  { binding }: Database,
  definition: EventTypeDefinition & { registered: boolean },
  { now, lead }: ChangeTime,
): Promise<{ version: EventTypeVersion; isNew: boolean }> {
  const { category, name, registered, description, owner, mode, schema, schema_mode: schemaMode } = definition;
  const [added, newest] = await binding.batch<unknown>([
    binding
      .prepare(ADD_VERSION)
      .bind(category, name, registered ? 1 : 0, description, owner, mode, schema, schemaMode, now, lead),
    binding.prepare(NEWEST).bind(category, name),
  ]);
  return { version: v.parse(VersionRowSchema, newest?.results[0]), isNew: (added?.meta.changes ?? 0) > 0 };
}

/** The newest version of a type, or the given one. A removal is a version too. */
export async function readVersion(
  { binding }: Database,
  category: string,
  name: string,
  version: number | null,
): Promise<EventTypeVersion | null> {
  const statement =
    version === null
      ? binding.prepare(NEWEST).bind(category, name)
      : binding
          .prepare(`SELECT ${COLUMNS} FROM event_types WHERE category = ?1 AND name = ?2 AND version = ?3`)
          .bind(category, name, version);
  const row = await statement.first();
  return row === null ? null : v.parse(VersionRowSchema, row);
}

/**
 * A page of the versions of a type below `before`, newest first. It ends early if schemas pass MAX_PAGE_CONTENT: a single one
 * may have 1 MB.
 */
export async function listVersions(
  { binding }: Database,
  category: string,
  name: string,
  { before, limit }: { before: number | null; limit: number },
): Promise<Page<EventTypeVersion, number>> {
  const { results } = await binding
    .prepare(
      `SELECT version AS key, coalesce(length(schema), 0) + coalesce(length(description), 0) AS size FROM event_types
       WHERE category = ?1 AND name = ?2 AND version < ?3 ORDER BY version DESC LIMIT ?4`,
    )
    .bind(category, name, before ?? Number.MAX_SAFE_INTEGER, limit + 1)
    .all<{ key: number; size: number }>();
  const { rows, next } = pageWithin(results, limit);
  const [newest, oldest] = [rows.at(0), rows.at(-1)];
  if (newest === undefined || oldest === undefined) return { rows: [], next: null };
  const listed = await binding
    .prepare(
      `SELECT ${COLUMNS} FROM event_types WHERE category = ?1 AND name = ?2 AND version BETWEEN ?3 AND ?4
       ORDER BY version DESC`,
    )
    .bind(category, name, oldest.key, newest.key)
    .all();
  return { rows: v.parse(v.array(VersionRowSchema), listed.results), next };
}

/** The newest version of each registered type, by category and name. */
export async function listRegistered({ binding }: Database): Promise<EventTypeVersion[]> {
  const { results } = await binding.prepare(CURRENT).all();
  return v.parse(v.array(VersionRowSchema), results);
}
