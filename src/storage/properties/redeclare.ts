import type { DeclaredProperty } from "../../model/event/declared-property";
import type { Micros } from "../../model/time/time";
import { type Database, firstDatabase } from "../core/databases";
import { declareProperties, listProperties, type StoredProperty } from "./declared-properties";
import { forgetPropertyCounts } from "./property-store";

/**
 * Replaces the declared properties of an event type, and deletes the counts of those that are gone or changed.
 *
 * @returns all properties of the type
 * @throws what D1 throws. Repeating it is harmless.
 */
export async function redeclareProperties(
  databases: readonly Database[],
  type: { category: string; name: string },
  properties: readonly DeclaredProperty[],
  now: Micros,
): Promise<StoredProperty[]> {
  const first = firstDatabase(databases);
  const gone = (await listProperties(first))
    .filter(({ category, name }) => category === type.category && name === type.name)
    .filter((held) => !properties.some((wanted) => isSame(held, wanted)))
    .map(({ property_id: id }) => id);
  // Before as well: if this fails, the request is repeated, and then still knows which are gone.
  await forgetPropertyCounts(databases, gone);
  const declared = await declareProperties(first, type, properties, now);
  // The cron may have counted meanwhile.
  await forgetPropertyCounts(databases, gone);
  return declared;
}

function isSame(held: StoredProperty, { path, kind, template }: DeclaredProperty): boolean {
  return held.path === path && held.kind === kind && held.template === template;
}
