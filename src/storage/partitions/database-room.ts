import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { messageOf } from "../core/transport-errors";
import { FILLED_BYTES } from "../erasures/scrub/free-space";

/**
 * A database below this size takes new partitions. D1's limit is 10 GB; the remainder is for the partitions it
 * already has.
 */
export const MAX_BYTES_FOR_PARTITIONS = 8_000_000_000;

/** Above this size, the current partitions of a database are ended early. */
export const MAX_BYTES_UNDER_WAY = 9_000_000_000;

export type DatabaseRoom = { writable: true; bytes: number } | { writable: false; reason: string };

/**
 * Tests whether a database can be written to by writing one row, and returns its size, without what only overwrites free
 * pages. A database that is full,
 * unreachable or without its tables is not writable.
 */
export async function probeDatabase({ binding }: Database, now: Micros): Promise<DatabaseRoom> {
  try {
    const { results, meta } = await binding
      .prepare(
        `INSERT INTO write_probe (id, probed_at) VALUES (1, ?1) ON CONFLICT DO UPDATE SET probed_at = excluded.probed_at
         RETURNING (${FILLED_BYTES}) AS filled`,
      )
      .bind(Math.floor(now / 1_000))
      .run<{ filled: number }>();
    return { writable: true, bytes: meta.size_after - (results[0]?.filled ?? 0) };
  } catch (thrown) {
    return { writable: false, reason: messageOf(thrown) };
  }
}

/** The databases that may share a new partition. */
export async function databasesWithRoom(databases: readonly Database[], now: Micros): Promise<Database[]> {
  const rooms = await Promise.all(databases.map((database) => probeDatabase(database, now)));
  return databases.filter((_, place) => {
    const room = rooms[place];
    return room?.writable === true && room.bytes < MAX_BYTES_FOR_PARTITIONS;
  });
}
