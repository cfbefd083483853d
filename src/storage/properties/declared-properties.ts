import * as v from "valibot";
import type { DeclaredProperty } from "../../model/event/declared-property";
import type { PropertyTemplate } from "../../model/questions/templated-values";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { orQueryError } from "../core/reader";
import { readPartitionMapWith } from "../partitions/known-partitions";
import type { PartitionMap } from "../partitions/partition-map";
import type { Templates } from "../questions/stats-question";

/** Declared properties, in the first database. */

const RowSchema = v.object({
  property_id: v.number(),
  category: v.string(),
  name: v.string(),
  path: v.string(),
  kind: v.picklist(["text", "number"]),
  template: v.nullable(v.string()),
  declared_at: v.number(),
});

/** A declared property of an event type. */
export type StoredProperty = v.InferOutput<typeof RowSchema>;

const COLUMNS = "property_id, category, name, path, kind, template, declared_at";

const EVERY_PROPERTY = `SELECT ${COLUMNS} FROM properties ORDER BY category, name, path`;

/**
 * All declared properties, by type and path. A few hundred rows at most.
 *
 * @throws DrizzleQueryError
 */
export async function listProperties({ binding }: Database): Promise<StoredProperty[]> {
  const { results } = await orQueryError(binding.prepare(EVERY_PROPERTY).all(), "the declared properties");
  return v.parse(v.array(RowSchema), results);
}

/**
 * All declared properties, and the current partition map: one call if the map has not changed.
 *
 * @throws DrizzleQueryError
 */
export async function listPropertiesAndPartitions(
  database: Database,
): Promise<{ declared: StoredProperty[]; map: PartitionMap }> {
  const { map, results } = await readPartitionMapWith(database, [database.binding.prepare(EVERY_PROPERTY)]);
  return { declared: v.parse(v.array(RowSchema), results[0]?.results), map };
}

/**
 * Replaces the declared properties of an event type. Unchanged ones keep their counts.
 *
 * @returns all properties of the type
 */
export async function declareProperties(
  { binding }: Database,
  { category, name }: { category: string; name: string },
  properties: readonly DeclaredProperty[],
  now: Micros,
): Promise<StoredProperty[]> {
  // json_each has a column `path` too, so the columns of the table are written with its name.
  const wanted = JSON.stringify(properties.map(({ path, kind, template }) => [path, kind, template]));
  const [, , found] = await binding.batch<unknown>([
    binding
      .prepare(
        `DELETE FROM properties WHERE category = ?1 AND name = ?2 AND NOT EXISTS (
           SELECT 1 FROM json_each(?3) AS wanted
           WHERE wanted.value ->> 0 = properties.path AND wanted.value ->> 1 = properties.kind
             AND wanted.value ->> 2 IS properties.template)`,
      )
      .bind(category, name, wanted),
    binding
      .prepare(
        `INSERT INTO properties (category, name, path, kind, template, declared_at)
         SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 2, ?4 FROM json_each(?3) WHERE true ON CONFLICT DO NOTHING`,
      )
      .bind(category, name, wanted, now),
    binding
      .prepare(`SELECT ${COLUMNS} FROM properties WHERE category = ?1 AND name = ?2 ORDER BY path`)
      .bind(category, name),
  ]);
  return v.parse(v.array(RowSchema), found?.results);
}

/** The templates of declared properties, for reading values from events. */
export function templatesOf(properties: readonly StoredProperty[]): Templates {
  const byKey = new Map(properties.map((one) => [keyOf(one, one.path), one.template]));
  return (type, path) => byKey.get(keyOf(type, path)) ?? null;
}

/** The same as a list, for questions that are stored. */
export function templatesIn(properties: readonly StoredProperty[]): PropertyTemplate[] {
  return properties.flatMap(({ category, name, path, template }) =>
    template === null ? [] : [{ category, name, path, template }],
  );
}

function keyOf({ category, name }: { category: string; name: string }, path: string): string {
  return `${category}\u0000${name}\u0000${path}`;
}
