import type { Issue } from "../model/codes";
import type { LocatedError } from "../storage/error-queries";
import type { BatchRows, Settlement } from "../storage/rows";
import { buildRows } from "./build-rows";
import type { ReplayIo, Replaying, Waiting } from "./replay-errors";
import type { Arrival, Outcome } from "./session-protocol";
import { type Unit, writeUnits } from "./write-units";

export type Verdict =
  | { kind: "stored"; session: string; database: number; outcome: Extract<Outcome, { kind: "stored" }> }
  | { kind: "failing"; issues: Issue[] };

/** A replayed event with what became of it. */
export interface Judged {
  error: LocatedError;
  arrival: Arrival;
  verdict: Verdict;
}

/**
 * Writes events that a replay brought back, and settles their errors: in one transaction where both lie in the same
 * database; else after it, since a crash in between replays the event into a duplicate of itself, and then settles.
 *
 * @returns the errors that could not be settled, by id
 */
export async function writeReplayed(
  judged: Judged[],
  replaying: Replaying,
  io: Pick<ReplayIo, "databases" | "write">,
): Promise<Map<string, Waiting>> {
  const unwritten = new Map<string, Waiting>();
  const units = Map.groupBy(judged.flatMap(storedOf), ({ verdict }) => verdict.session);
  const first = [...units].map(([session, own]) => unitOf(session, own, replaying));
  for (const { unit, failure, reason } of await writeUnits(io.databases, first, io.write)) {
    for (const { error } of units.get(unit.session ?? "") ?? []) {
      unwritten.set(error.key.id, { kind: "waiting", failure, reason });
    }
  }
  const left = judged.filter((one) => !isTogether(one) && !unwritten.has(one.error.key.id));
  const second = left.map((one): Unit => {
    const rows = { ...NO_ROWS, settlements: [settlementOf(one, replaying)] };
    return { messages: new Set(), session: null, database: one.error.database, rows };
  });
  for (const { unit, failure, reason } of await writeUnits(io.databases, second, io.write)) {
    for (const { error } of unit.rows.settlements ?? []) unwritten.set(error.id, { kind: "waiting", failure, reason });
  }
  return unwritten;
}

type Stored = Judged & { verdict: Extract<Verdict, { kind: "stored" }> };

function storedOf({ verdict, ...rest }: Judged): Stored[] {
  return verdict.kind === "stored" ? [{ ...rest, verdict }] : [];
}

const NO_ROWS: BatchRows = { events: [], errors: [], parts: [] };

/** True if the event goes into the database that holds its error. */
function isTogether({ error, verdict }: Judged): boolean {
  return verdict.kind === "stored" && verdict.database === error.database;
}

function unitOf(session: string, own: Stored[], replaying: Replaying): Unit {
  const read = own.map(({ arrival }) => ({ arrival, event: JSON.parse(arrival.text) }));
  const outcomes = own.map(({ verdict }) => verdict.outcome);
  const rows = buildRows(session, read, outcomes);
  const settlements = own.filter(isTogether).map((one) => settlementOf(one, replaying));
  return {
    messages: new Set(),
    session,
    database: own[0]?.verdict.database ?? 0,
    rows: { ...rows, settlements },
  };
}

function settlementOf({ error, verdict }: Judged, { id, now }: Replaying): Settlement {
  const outcome: Settlement["outcome"] =
    verdict.kind === "stored"
      ? { kind: "resolved", session: verdict.session, sequence: verdict.outcome.sequence }
      : { kind: "failing", issues: verdict.issues };
  return { error: error.key, at: now, replay: id, outcome };
}
