import { type SQL, sql } from "drizzle-orm";
import { groupsOf } from "./groups-of";

/** D1's limit on the terms of a UNION ALL. */
export const MAX_TERMS = 5;

/** @param terms at most MAX_TERMS */
export function unionAll(terms: readonly SQL[]): SQL {
  return sql.join([...terms], sql` UNION ALL `);
}

/** Joins terms into as few statements as possible, in order. */
export function unionStatements(terms: readonly SQL[]): SQL[] {
  return groupsOf(terms, MAX_TERMS).map(unionAll);
}

/** Like `unionStatements`, for SQL without parameters. */
export function unionTexts(terms: readonly string[]): string[] {
  return groupsOf(terms, MAX_TERMS).map((some) => some.join(" UNION ALL "));
}
