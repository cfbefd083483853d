import type { IncomingEvent } from "../session/session-protocol";
import type { Database } from "../storage/core/databases";
import { type Failure, failureOf, messageOf } from "../storage/core/transport-errors";
import type { Belonging, ErasureCheck, ErasureSource } from "../storage/erasures/erasure-source";
import type { PartitionStore } from "../storage/partitions/partition-store";
import type { EventRow } from "../storage/write/rows";
import { type PlacedError, placeRows } from "./place-rows";
import { type Write, type WriteGroup, writeGroups } from "./write-groups";

/** The dependencies of a write. */
export interface WriteIo {
  databases: Database[];
  partitions: PartitionStore;
  /** What was erased and must not be stored again. If it throws, nothing is written. */
  erasures: ErasureSource;
  write: Write;
}

/** Rows of one session, or of one message, before they are assigned to a database. */
export interface Piece {
  messages: ReadonlySet<number>;
  session: string | null;
  /** The session's incoming events that these rows come from. Empty if the rows needed no session. */
  incomingEvents: IncomingEvent[];
  events: EventRow[];
  errors: PlacedError[];
  mayHold: boolean;
  /** Incoming events that are copies of another one in the piece. */
  copies: number;
}

export interface FailedPiece {
  piece: Piece;
  failure: Failure;
  reason: string;
  /** Rows that were not written. */
  events: number;
  errors: number;
}

export interface WrittenPieces {
  failed: FailedPiece[];
  duplicates: EventRow[];
  conflicts: EventRow[];
  /** Rows that were left out because their session, visitor or error was erased. */
  erased: { events: number; errors: number };
}

/** Rounds of a write, since partitions and erasures may both change after they were read. */
const MAX_ROUNDS = 3;

/**
 * Leaves out what was erased, assigns the other rows to databases by the partition map, and writes them. If a partition
 * was closed or something was erased in the meantime, it reads both again and repeats.
 */
export async function writePieces(
  pieces: readonly Piece[],
  { databases, partitions, erasures, write }: WriteIo,
): Promise<WrittenPieces> {
  const written: WrittenPieces = { failed: [], duplicates: [], conflicts: [], erased: { events: 0, errors: 0 } };
  let pending = pieces.filter(hasRows);
  for (let round = 1; pending.length > 0; round++) {
    const groups = new Map<WriteGroup, Piece>();
    let revision: number;
    try {
      if (round > 1) await Promise.all([partitions.latest(), erasures.forget()]);
      const check = await erasures.check(pending.flatMap(belongingsOf));
      revision = check.revision;
      const left = pending.map((piece) => withoutErased(piece, check));
      for (const [n, piece] of pending.entries()) {
        written.erased.events += piece.events.length - (left[n]?.events.length ?? 0);
        written.erased.errors += piece.errors.length - (left[n]?.errors.length ?? 0);
      }
      pending = left.filter(hasRows);
      const map = await partitions.covering(new Set(pending.flatMap(momentsOf)));
      for (const piece of pending) {
        for (const { database, rows } of placeRows(piece.events, piece.errors, map)) {
          groups.set({ ...piece, database, rows }, piece);
        }
      }
    } catch (thrown) {
      const failure = failureOf(thrown) === "rejected" ? "overloaded" : failureOf(thrown);
      const reason = `the partitions or the erasures cannot be read: ${messageOf(thrown)}`;
      for (const piece of pending) {
        written.failed.push({ piece, failure, reason, events: piece.events.length, errors: piece.errors.length });
      }
      return written;
    }
    const fenced: Write = (database, rows, mayHold) => write(database, { ...rows, erasures: revision }, mayHold);
    const { failed, duplicates, conflicts } = await writeGroups(databases, [...groups.keys()], fenced);
    written.duplicates.push(...duplicates);
    written.conflicts.push(...conflicts);
    const again = new Map<Piece, Piece>();
    for (const { group, failure, reason } of failed) {
      const piece = groups.get(group);
      if (piece === undefined) continue;
      if (failure !== "stale" || round === MAX_ROUNDS) {
        const { events, errors } = group.rows;
        const own = { events: sumOf(events, (lane) => lane.rows.length), errors: errors.length };
        written.failed.push({ piece, failure, reason, ...own });
      } else again.set(piece, mergePiece(again.get(piece), piece, group));
    }
    pending = [...again.values()];
  }
  return written;
}

/** The part of a piece to write again: the rows of the failed groups. */
function mergePiece(before: Piece | undefined, piece: Piece, { rows }: WriteGroup): Piece {
  const events = new Set(rows.events.flatMap((lane) => lane.rows));
  const errors = new Set(rows.errors);
  const part: Piece = before ?? { ...piece, events: [], errors: [] };
  part.events.push(...piece.events.filter((row) => events.has(row)));
  part.errors.push(...piece.errors.filter(({ row }) => errors.has(row)));
  return part;
}

function hasRows(piece: Piece): boolean {
  return rowsOf(piece) > 0;
}

function rowsOf({ events, errors }: Piece): number {
  return events.length + errors.length;
}

function belongingsOf({ events, errors }: Piece): Belonging[] {
  return [...events, ...errors.map(errorBelonging)];
}

function errorBelonging({ row: { id, session, visitor = null, receivedAt } }: PlacedError): Belonging {
  return { session, visitor, error: id, receivedAt };
}

function withoutErased(piece: Piece, { isErased }: ErasureCheck): Piece {
  const events = piece.events.filter((row) => !isErased(row));
  const errors = piece.errors.filter((error) => !isErased(errorBelonging(error)));
  return rowsOf(piece) === events.length + errors.length ? piece : { ...piece, events, errors };
}

function momentsOf({ events, errors }: Piece): number[] {
  return [...events.map(({ occurredAt }) => occurredAt), ...errors.map(({ moment }) => moment)];
}

export function sumOf<Item>(items: readonly Item[], count: (item: Item) => number): number {
  let sum = 0;
  for (const item of items) sum += count(item);
  return sum;
}
