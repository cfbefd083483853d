import { type SQL, sql } from "drizzle-orm";

/**
 * Session ids and event ids are mostly UUIDs, and each is stored in three B-trees. A UUID in lower case is stored as
 * its 16 bytes, any other id as text. Between Worker and D1 both are sent as text: `x` and 32 hexadecimal digits, or
 * `t` and the id. (D1 sends a BLOB as an array of numbers, four times as long.)
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function packId(id: string): string {
  return UUID.test(id) ? `x${id.replaceAll("-", "")}` : `t${id}`;
}

export function unpackId(packed: string): string {
  if (packed.startsWith("t")) return packed.slice(1);
  const hex = packed.slice(1);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** SQL that converts a packed id, given as SQL, into the column's value. */
export function storedIdSql(packed: string): string {
  return `CASE substr(${packed}, 1, 1) WHEN 'x' THEN unhex(substr(${packed}, 2)) ELSE substr(${packed}, 2) END`;
}

/** SQL that converts a packed id, given as SQL, into the id itself. */
export function textOfIdSql(packed: string): string {
  const digits = (from: number, count: number) => `substr(${packed}, ${from}, ${count})`;
  const uuid = [digits(2, 8), digits(10, 4), digits(14, 4), digits(18, 4), digits(22, 12)].join(" || '-' || ");
  return `CASE substr(${packed}, 1, 1) WHEN 'x' THEN ${uuid} ELSE substr(${packed}, 2) END`;
}

/** The stored form of an id as a bound parameter, for comparing with a column. */
export function storedId(id: string): SQL {
  const packed = packId(id);
  return packed.startsWith("x") ? sql`unhex(${packed.slice(1)})` : sql`${packed.slice(1)}`;
}

/** SQL for a column with an id, in packed form. NULL stays NULL. */
export function packedSql(column: string): string {
  return `iif(typeof(${column}) = 'blob', 'x' || lower(hex(${column})), 't' || ${column})`;
}

/**
 * Compares two packed ids in the order in which SQLite orders the stored ids: text before bytes, text by code points
 * (as UTF-8 does). JavaScript compares UTF-16 units, which differ beyond the basic plane.
 */
export function comparePackedIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rankOf(a.charCodeAt(i)) - rankOf(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Halves of characters beyond the basic plane sort after all others. Paired halves keep the order of their characters. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
