import { type Database, firstDatabase } from "../core/databases";
import { packId } from "../core/packed-id";
import { WINDOW_SECONDS } from "../partitions/partition";
import type { PartitionMap } from "../partitions/partition-map";
import { findWindows } from "./earlier-windows";
import { MAX_LATER } from "./recount-windows";
import { lateStatement } from "./session-count-store";

/**
 * The statement that lets the cron count the windows again in which events of a session are erased, and its later ones.
 *
 * @param erased some of its windows, by their numbers
 * @throws DrizzleQueryError
 */
export async function recountSessionsStatement(
  databases: readonly Database[],
  map: PartitionMap,
  session: string,
  erased: readonly { window: number }[],
): Promise<D1PreparedStatement> {
  const windows = erased.map(({ window }) => window);
  const search = { direction: "after" as const, window: Math.max(...windows), notBefore: 0, most: MAX_LATER };
  const later = await findWindows(databases, map, [packId(session)], search);
  const changed = new Set([...windows, ...(later.get(packId(session))?.keys() ?? [])]);
  return lateStatement(firstDatabase(databases), new Map([...changed].map((window) => [window * WINDOW_SECONDS, 1])));
}
