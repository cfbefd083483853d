import { sql } from "drizzle-orm";
import type { Database } from "../core/databases";
import { readerOf } from "../core/reader";

/**
 * Returns whether an application exists or existed: it is registered, or some of its data is kept. Reads a few rows
 * in each database.
 *
 * @throws DrizzleQueryError
 */
export async function isKnownApplication(databases: readonly Database[], name: string): Promise<boolean> {
  const found = await Promise.all(
    databases.map((database) =>
      readerOf(database).all<{ known: number }>(sql`
        SELECT EXISTS (SELECT 1 FROM applications WHERE name = ${name})
          OR EXISTS (SELECT 1 FROM series WHERE application = ${name})
          OR EXISTS (SELECT 1 FROM errors WHERE application = ${name}) AS known`),
    ),
  );
  return found.flat().some(({ known }) => known === 1);
}
