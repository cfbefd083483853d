import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { groupOf } from "../../src/model/session-groups";
import type { AcceptAnswer, AcceptCall, Arrival, Outcome } from "../../src/pipeline/session-protocol";
import { eventOf, groupStub, NO_EPOCHS } from "./harness";
import { RECEIVED_AT } from "./sample-events";

export function call(session: string, arrivals: Arrival[], changes: Partial<AcceptCall> = {}): AcceptCall {
  return { session, home: 1, presence: { kind: "absent" }, arrivals, ...changes };
}

export function arrival(session: string, id: string, changes: Record<string, unknown> = {}): Arrival {
  return { id, application: "shop", receivedAt: RECEIVED_AT, text: JSON.stringify(eventOf(session, changes)) };
}

/** What D1 says of a session of which no event is stored. */
export const NOTHING = { lastSequence: 0, openSlots: [], until: 0 };

export const evict = (session: string) => evictDurableObject(groupStub(session));

/** Sessions that share a group with no other test's. */
export function sessionsOfGroup(number: number, count: number, prefix = "s"): string[] {
  const names = Array.from({ length: 60 * count + 500 }, (_, index) => `${prefix}${number}-${index}`);
  return names.filter((session) => groupOf(session) === `group-${number}`).slice(0, count);
}

/** Has the group of these sessions decide on all of them in one call, some time from now. */
export async function acceptAll(calls: AcceptCall[], laterMs = 0): Promise<AcceptAnswer[]> {
  return runInDurableObject(groupStub(calls[0]?.session ?? ""), async (instance) => {
    const real = Date.now;
    Date.now = () => real() + laterMs;
    try {
      return await instance.accept({ calls, rules: NO_EPOCHS });
    } finally {
      Date.now = real;
    }
  });
}

/** Does something while the group's storage refuses to write. */
export async function whileFull(session: string, task: () => Promise<unknown>): Promise<void> {
  const run = (text: string) => runInDurableObject(groupStub(session), (_, { storage }) => void storage.sql.exec(text));
  await run("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT raise(ABORT, 'the disk is full'); END");
  await task();
  await run("DROP TRIGGER full");
}

/** Sets the group's clock forward: what it wrote is older by so much. */
export async function age(session: string, ms: number): Promise<void> {
  await runInDurableObject(groupStub(session), (_, { storage: { sql } }) => {
    for (const { slot, headings } of sql.exec<{ slot: number; headings: string }>("SELECT * FROM log").toArray()) {
      const read: [string, number, number][] = JSON.parse(headings);
      const older = read.map(([name, keepUntil, since]) => [name, keepUntil - ms, since]);
      sql.exec(
        "UPDATE log SET written_at = written_at - ?, headings = ? WHERE slot = ?",
        ms,
        JSON.stringify(older),
        slot,
      );
    }
  });
  await evict(session);
}

export function outcomesOf(answer: AcceptAnswer | undefined): Outcome[] {
  if (answer?.kind !== "decided") throw new Error(`the group answers ${answer?.kind}`);
  return answer.outcomes;
}

export const sequencesOf = (answer: AcceptAnswer | undefined) =>
  outcomesOf(answer).map((outcome) => (outcome.kind === "stored" ? outcome.sequence : outcome.kind));

/** Counts the rows that a group writes from now on, as they are billed. */
export function countRowsWritten(session: string): Promise<() => number> {
  return runInDurableObject(groupStub(session), (_, { storage }) => {
    const sql: SqlStorage = Object.getPrototypeOf(storage.sql);
    const { exec } = sql;
    let rows = 0;
    sql.exec = function <Row extends Record<string, SqlStorageValue>>(
      this: SqlStorage,
      ...asked: [string, ...unknown[]]
    ) {
      const cursor = exec.apply(this, asked) as SqlStorageCursor<Row>;
      rows += cursor.rowsWritten;
      return cursor;
    };
    return () => rows;
  });
}

/** The rows of a group's log, and how many entries its index has. */
export function storageOf(
  session: string,
): Promise<{ rows: { slot: number; number: number; segments: string }[]; indexed: number }> {
  return runInDurableObject(groupStub(session), (_, { storage: { sql } }) => ({
    rows: sql
      .exec<{ slot: number; number: number; segments: string }>("SELECT slot, number, segments FROM log ORDER BY slot")
      .toArray(),
    indexed: Number(sql.exec("SELECT count(*) AS n FROM remembered").one().n),
  }));
}
