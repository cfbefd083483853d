import type { Database } from "../core/databases";

/**
 * Stops writers that do not know the latest erasures. Each database stores the revision that its writers must know,
 * and it is raised before anything is erased there. So however old a writer's check is, its transaction either comes
 * before the erasure, which then finds its rows, or fails.
 */

const FENCE = "INSERT INTO erasure_fence (known) SELECT 0 FROM revisions WHERE name = 'erasures' AND revision > ?1";

/** A statement that fails the transaction if the database knows of later erasures. */
export function fenceStatement(binding: D1Database, revision: number): D1PreparedStatement {
  return binding.prepare(FENCE).bind(revision);
}

const RAISE = "UPDATE revisions SET revision = ?1 WHERE name = 'erasures' AND revision < ?1";

/**
 * Raises the fence of every database to the revision of the first.
 *
 * @returns the revision
 * @throws what D1 throws. Nothing may be erased then.
 */
export async function raiseFences(databases: readonly Database[]): Promise<number> {
  const [first, ...others] = databases;
  const revision =
    (await first?.binding
      .prepare("SELECT revision FROM revisions WHERE name = 'erasures'")
      .first<number>("revision")) ?? 0;
  await Promise.all(others.map(({ binding }) => binding.prepare(RAISE).bind(revision).run()));
  return revision;
}
