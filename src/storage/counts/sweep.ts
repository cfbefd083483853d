import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/**
 * The cron keeps counts of past hours by sweeps: each run checks the newest hours, and some older ones from the newest
 * to the oldest, in a cycle. The hour that a sweep has reached is stored.
 */

/** Hours that a run checks: the newest ones, and some older ones in turn. */
const NEWEST_HOURS = 3;
export const SWEPT_HOURS = 48;

/** A run starts no further hour after this time. The next run continues a minute later. */
export const MAX_RUN_MS = 15_000;

/** How far a sweep has come. */
export interface Sweep {
  /** The next run continues with the hours before this one. In seconds since 1970. */
  hour: number;
  beganAt: Micros;
}

/** A table that stores one sweep, and its column of the time at which the sweep began. */
export interface SweepTable {
  table: "property_sweep" | "session_sweep";
  began: "started_at" | "began_at";
}

export async function readSweep({ binding }: Database, { table, began }: SweepTable): Promise<Sweep | null> {
  return binding.prepare(`SELECT hour, ${began} AS beganAt FROM ${table} WHERE id = 1`).first<Sweep>();
}

export async function writeSweep(
  { binding }: Database,
  { table, began }: SweepTable,
  { hour, beganAt }: Sweep,
): Promise<void> {
  await binding
    .prepare(
      `INSERT INTO ${table} (id, hour, ${began}) VALUES (1, ?1, ?2)
       ON CONFLICT DO UPDATE SET hour = excluded.hour, ${began} = excluded.${began}`,
    )
    .bind(hour, beganAt)
    .run();
}

interface SweptHours {
  /** Newest first. In seconds since 1970. */
  hours: number[];
  /** The hour to store after checking all of them: `closed` if the oldest hour is among them, for the next cycle. */
  reached: number;
}

/**
 * The hours that a run checks.
 *
 * @param newestHours the newest hours with events before a time, newest first, and at most so many
 * @param closed hours before this time are closed
 * @param from the hour that the sweep has reached
 */
export async function hoursToCheck(
  newestHours: (before: number, most: number) => Promise<number[]>,
  { closed, from }: { closed: number; from: number },
): Promise<SweptHours> {
  const swept = await newestHours(from, SWEPT_HOURS);
  const hours = new Set([...(await newestHours(closed, NEWEST_HOURS)), ...swept]);
  return {
    hours: [...hours].sort((a, b) => b - a),
    reached: swept.length < SWEPT_HOURS ? closed : (swept.at(-1) ?? closed),
  };
}
