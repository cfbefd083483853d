import type { Database } from "../storage/core/databases";
import { type Failure, failureOf, isFaultOfContent, messageOf } from "../storage/core/transport-errors";
import type { BatchRows, EventRow, LaneRows, WriteResult } from "../storage/write/rows";

/** Rows that are written together or not at all: the rows of one session in one database, or of one message. */
export interface WriteGroup {
  /** Indexes in the batch of the messages that contain the group. */
  messages: ReadonlySet<number>;
  /** The session of these rows, or null. */
  session: string | null;
  database: number;
  rows: BatchRows;
  /** True if some of its events are probably stored already. */
  mayHold: boolean;
}

export interface FailedGroup {
  group: WriteGroup;
  failure: Failure;
  reason: string;
}

export interface WrittenGroups {
  failed: FailedGroup[];
  duplicates: EventRow[];
  conflicts: EventRow[];
}

export type Write = (database: Database, rows: BatchRows, mayHold: boolean) => Promise<WriteResult>;

/**
 * Attempts in a row after a lost connection. The write is idempotent, and D1's documentation recommends three to five
 * attempts.
 */
const TRANSIENT_TRIES = 3;

/**
 * Transactions that one batch may use per database to find the group at fault: enough to isolate several among
 * thousands, and far below the 1,000 queries that an invocation may make.
 */
const MAX_TRANSACTIONS = 64;

/**
 * Writes the groups of each database in one transaction. If a database rejects the transaction for its content, or runs
 * out of CPU time or memory, the groups are bisected until those at fault are alone and the others are written. If all
 * of them seem to be at fault, it stops after MAX_TRANSACTIONS.
 */
export async function writeGroups(
  databases: readonly Database[],
  groups: readonly WriteGroup[],
  write: Write,
): Promise<WrittenGroups> {
  const written: WrittenGroups = { failed: [], duplicates: [], conflicts: [] };
  await Promise.all(
    [...Map.groupBy(groups, ({ database }) => database)].map(async ([index, own]) => {
      const database = databases[index];
      if (database === undefined) {
        const reason = `the database DB_${index} is not bound`;
        written.failed.push(...own.map((group) => ({ group, failure: "overloaded" as const, reason })));
      } else {
        await writeTogether(database, own, write, { left: MAX_TRANSACTIONS - 1 }, written);
      }
    }),
  );
  return written;
}

async function writeTogether(
  database: Database,
  groups: WriteGroup[],
  write: Write,
  transactions: { left: number },
  written: WrittenGroups,
): Promise<void> {
  const mayHold = groups.some((group) => group.mayHold);
  const outcome = await attempt(() => write(database, combine(groups), mayHold));
  if ("result" in outcome) {
    written.duplicates.push(...outcome.result.duplicates);
    written.conflicts.push(...outcome.result.conflicts);
    return;
  }
  const { thrown } = outcome;
  const failure = failureOf(thrown);
  if (!isFaultOfContent(failure) || groups.length === 1 || transactions.left < 2) {
    written.failed.push(...groups.map((group) => ({ group, failure, reason: messageOf(thrown) })));
    return;
  }
  transactions.left -= 2;
  const middle = Math.ceil(groups.length / 2);
  await writeTogether(database, groups.slice(0, middle), write, transactions, written);
  await writeTogether(database, groups.slice(middle), write, transactions, written);
}

/**
 * Retries until the call succeeds, fails permanently, or the attempts are used up. Returns the result or the last
 * error.
 */
async function attempt(call: () => Promise<WriteResult>): Promise<{ result: WriteResult } | { thrown: unknown }> {
  for (let tries = 1; ; tries++) {
    try {
      return { result: await call() };
    } catch (thrown) {
      if (tries === TRANSIENT_TRIES || failureOf(thrown) !== "transient") return { thrown };
      await scheduler.wait(Math.random() * 100 * 2 ** tries);
    }
  }
}

function combine(groups: readonly WriteGroup[]): BatchRows {
  const lanes = new Map<string, LaneRows>();
  for (const { lane, rows } of groups.flatMap((group) => group.rows.events)) {
    const same = lanes.get(lane.suffix);
    if (same === undefined) lanes.set(lane.suffix, { lane, rows: [...rows] });
    else for (const row of rows) same.rows.push(row);
  }
  return {
    events: [...lanes.values()],
    errors: groups.flatMap(({ rows }) => rows.errors),
    parts: groups.flatMap(({ rows }) => rows.parts),
    resolutions: groups.flatMap(({ rows }) => rows.resolutions ?? []),
  };
}
