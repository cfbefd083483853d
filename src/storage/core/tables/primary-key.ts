// biome-ignore lint/suspicious/noDeprecatedImports: only the form that takes columns one by one is deprecated
import { type AnySQLiteColumn, type PrimaryKeyBuilder, primaryKey } from "drizzle-orm/sqlite-core";

/** A primary key of several columns, in the given order. */
export function primaryKeyOf<Name extends string>(
  ...columns: [AnySQLiteColumn<{ tableName: Name }>, ...AnySQLiteColumn<{ tableName: Name }>[]]
): PrimaryKeyBuilder {
  return primaryKey({ columns });
}
