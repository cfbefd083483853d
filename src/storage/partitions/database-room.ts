import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { messageOf } from "../core/transport-errors";

/** A database takes new partitions below this size. D1 ends at 10 GB; the rest is room for those that it has. */
export const MAX_BYTES_FOR_PARTITIONS = 8_000_000_000;

/** Beyond this size the partitions under way in a database are cut short. */
export const MAX_BYTES_UNDER_WAY = 9_000_000_000;

export type DatabaseRoom = { writable: true; bytes: number } | { writable: false; reason: string };

/**
 * Whether a database takes writes, by writing to it, and how large it is. One row written. A database that is full, cannot be
 * reached or lacks its tables is not writable.
 */
export async function probeDatabase({ binding }: Database, now: Micros): Promise<DatabaseRoom> {
  try {
    const { meta } = await binding
      .prepare(
        "INSERT INTO write_probe (id, probed_at) VALUES (1, ?1) ON CONFLICT DO UPDATE SET probed_at = excluded.probed_at",
      )
      .bind(Math.floor(now / 1_000))
      .run();
    return { writable: true, bytes: meta.size_after };
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
