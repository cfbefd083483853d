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
 * Transactions that one batch may spend on a database to find what is at fault in it: enough to isolate several units of
 * thousands, and far below the 1,000 queries that an invocation may make.
 */
const MAX_TRANSACTIONS = 64;

/**
 * Writes the units of each database in one transaction. Where a database refuses the transaction for what is in it, the
 * units are halved until those at fault stand alone, so that they hurt no other. Where all of them seem at fault it stops
 * after MAX_TRANSACTIONS.
 */
export async function writeUnits(databases: Database[], units: Unit[], write: Write): Promise<FailedUnit[]> {
  const failed = await Promise.all(
    databases.map((database) => {
      const own = units.filter((unit) => unit.database === database.index);
      return own.length === 0 ? [] : writeTogether(database, own, write, { left: MAX_TRANSACTIONS });
    }),
  );
  return failed.flat();
}

async function writeTogether(
  database: Database,
  units: Unit[],
  write: Write,
  transactions: { left: number },
): Promise<FailedUnit[]> {
  transactions.left -= 1;
  const thrown = await attempt(() => write(database, combine(units)));
  if (thrown === null) return [];
  const failure = failureOf(thrown);
  if (failure !== "rejected" || units.length === 1 || transactions.left < 2) {
    return units.map((unit) => ({ unit, failure, reason: messageOf(thrown) }));
  }
  const middle = Math.ceil(units.length / 2);
  return [
    ...(await writeTogether(database, units.slice(0, middle), write, transactions)),
    ...(await writeTogether(database, units.slice(middle), write, transactions)),
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
    settlements: units.flatMap(({ rows }) => rows.settlements ?? []),
  };
}
