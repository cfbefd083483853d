import { env } from "cloudflare:workers";
import { databasesOf } from "../src/storage/core/databases";

/** Makes the tables of every database that has none: the queries of all migrations in one batch a database. */
export async function migrate(): Promise<void> {
  const queries = env.TEST_MIGRATIONS.flatMap((migration) => migration.queries);
  await Promise.all(
    databasesOf(env).map(({ binding }) => binding.batch(queries.map((query) => binding.prepare(query)))),
  );
}
