import { type SQL, sql } from "drizzle-orm";
import { storedIdSql, unpackId } from "../core/packed-id";
import { slotsPerWindow } from "../partitions/partition";
import { sampleKeyOf } from "../partitions/sample-key";
import { integer } from "./event-order";
import { type LaneSource, laneTable } from "./lane-chains";

/** A window of a session. */
export interface SessionWindowPlace {
  /** Packed. */
  session: string;
  window: number;
}

/**
 * `WITH found …`: a row for each window, with its place in the list as `place`. Materialized, so that ids are computed once
 * instead of for each seek.
 */
export function withWindows({ partition }: LaneSource, windows: readonly SessionWindowPlace[]): SQL {
  const wanted = windows.map(({ session, window }) => [session, window, sampleKeyOf(unpackId(session))]);
  return sql`WITH found AS MATERIALIZED (
      SELECT key AS place, ${sql.raw(storedIdSql("(value ->> 0)"))} AS session_id,
        (value ->> 1) * ${integer(slotsPerWindow(partition))} AS first_slot, value ->> 2 AS sample_key
      FROM json_each(${JSON.stringify(wanted)})
    )`;
}

/** `numbers AS n CROSS JOIN events AS e WHERE …`: the events of a row of `found`, with a seek for each slot of its window. */
export function eventsOfWindow(lane: LaneSource): SQL {
  return sql`numbers AS n CROSS JOIN ${laneTable("events", lane)} AS e
      WHERE n.n < ${integer(slotsPerWindow(lane.partition))} AND e.slot = found.first_slot + n.n
        AND e.sample_key = found.sample_key AND e.session_id = found.session_id`;
}
