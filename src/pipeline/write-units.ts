import type { Database } from "../storage/databases";
import type { BatchRows } from "../storage/rows";
import { type Failure, failureOf, messageOf } from "../storage/transport-errors";

/** Rows that stand or fall together: those of one session, or those that a message brought by itself. */
export interface Unit {
  /** Places in the batch of the messages that contain the unit. */
  messages: Set<number>;
  /** The session whose rows these are, or null. */
  session: string | null;
  database: number;
  rows: BatchRows;
}

export interface FailedUnit {
  unit: Unit;
  failure: Failure;
  reason: string;
}

export type Write = (database: Database, rows: BatchRows) => Promise<void>;

/** Tries at once after a lost connection. The write is idempotent; D1's documentation allows three to five in all. */
const TRANSIENT_TRIES = 3;

/**
 * Writes the units of each database in one transaction. Where a database refuses the transaction for what is in it, the
 * units are halved until those at fault stand alone, so that they hurt no other.
 */
export async function writeUnits(databases: Database[], units: Unit[], write: Write): Promise<FailedUnit[]> {
  const failed = await Promise.all(
    databases.map((database) => {
      const own = units.filter((unit) => unit.database === database.index);
      return own.length === 0 ? [] : writeTogether(database, own, write);
    }),
  );
  return failed.flat();
}

async function writeTogether(database: Database, units: Unit[], write: Write): Promise<FailedUnit[]> {
  const thrown = await attempt(() => write(database, combine(units)));
  if (thrown === null) return [];
  const failure = failureOf(thrown);
  if (failure !== "rejected" || units.length === 1) {
    return units.map((unit) => ({ unit, failure, reason: messageOf(thrown) }));
  }
  const middle = Math.ceil(units.length / 2);
  return [
    ...(await writeTogether(database, units.slice(0, middle), write)),
    ...(await writeTogether(database, units.slice(middle), write)),
  ];
}

/** Calls until it works, fails for good, or the tries are used up. Returns what was thrown last, or null. */
async function attempt(call: () => Promise<void>): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      await call();
      return null;
    } catch (thrown) {
      if (tries === TRANSIENT_TRIES || failureOf(thrown) !== "transient") return thrown;
      await scheduler.wait(Math.random() * 100 * 2 ** tries);
    }
  }
}

function combine(units: Unit[]): BatchRows {
  return {
    events: units.flatMap(({ rows }) => rows.events),
    errors: units.flatMap(({ rows }) => rows.errors),
    parts: units.flatMap(({ rows }) => rows.parts),
  };
}
