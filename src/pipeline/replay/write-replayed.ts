import { ID_CONFLICT, type Issue } from "../../model/codes";
import { failureOf, messageOf } from "../../storage/core/transport-errors";
import type { Belonging } from "../../storage/erasures/erasure-source";
import type { LocatedError } from "../../storage/errors/error-queries";
import { databaseOf } from "../../storage/partitions/partition";
import type { PartitionMap } from "../../storage/partitions/partition-map";
import type { BatchRows, EventRow, Resolution } from "../../storage/write/rows";
import { eventRow, placeRows } from "../place-rows";
import { type Write, type WriteGroup, writeGroups } from "../write-groups";
import type { ReplayedError, ReplayIo, Replaying, Validated, Waiting } from "./replay-outcome";

/**
 * Writes replayed events and resolves their errors, in one transaction if both are in the same database. Otherwise the
 * error is resolved after the write: if a crash comes between, the replay finds the event as a copy and then resolves
 * the error.
 *
 * @returns the result for each error, by id
 */
export async function writeReplayed(
  validated: Validated[],
  replaying: Replaying,
  io: Pick<ReplayIo, "databases" | "partitions" | "erasures" | "write">,
): Promise<Map<string, ReplayedError>> {
  const results = new Map<string, ReplayedError>();
  const valid = validated.flatMap(({ error, read, outcome }): Replayed[] =>
    outcome.kind === "valid" ? [{ row: eventRow(outcome.session, read, outcome.outcome), error }] : [],
  );
  let events: Replayed[];
  let write: Write;
  let map: PartitionMap;
  try {
    const check = await io.erasures.check(valid.flatMap(belongingsOf));
    // This also covers the event of an erased error, which may have been read before it was deleted.
    events = valid.filter((one) => !belongingsOf(one).some(check.isErased));
    write = (database, rows, mayHold) => io.write(database, { ...rows, erasures: check.revision }, mayHold);
    map = await io.partitions.covering(new Set(events.map(({ row }) => row.occurredAt)));
  } catch (thrown) {
    const waits: Waiting = { kind: "waiting", failure: failureOf(thrown), reason: messageOf(thrown) };
    return new Map(validated.map(({ error }) => [error.key.id, waits]));
  }
  const isTogether = ({ row, error }: { row: EventRow; error: LocatedError }) => {
    const partition = map.find(row.occurredAt);
    return partition !== null && databaseOf(partition, row.session) === error.database;
  };
  const groups = events.flatMap((one): WriteGroup[] =>
    placeRows([one.row], [], map).map(({ database, rows }) => {
      const resolutions = isTogether(one) ? [resolved(one.error, one.row, replaying)] : [];
      return { messages: new Set(), session: one.row.session, database, rows: { ...rows, resolutions }, mayHold: true };
    }),
  );
  const { failed, conflicts } = await writeGroups(io.databases, groups, write);
  // A partition was closed or something was erased in the meantime. The next attempt reads both again.
  if (failed.some(({ failure }) => failure === "stale")) {
    io.erasures.forget();
    await io.partitions.latest();
  }
  const kept = new Set(events);
  for (const one of valid) if (!kept.has(one)) results.set(one.error.key.id, "skipped");
  for (const { group, failure, reason } of failed)
    noteWaiting(results, errorsOf(group), { kind: "waiting", failure, reason });
  const conflicting = new Set(conflicts.flatMap(({ replays }) => replays?.id ?? []));
  for (const { error } of events) {
    const { id } = error.key;
    if (!results.has(id)) results.set(id, conflicting.has(id) ? "failing" : "stored");
  }

  const byError = new Map(events.map((one) => [one.error.key.id, one]));
  const later = validated.flatMap(({ error, outcome }): { error: LocatedError; resolution: Resolution }[] => {
    const { id } = error.key;
    if (outcome.kind === "failing") return [{ error, resolution: failing(error, outcome.issues, replaying) }];
    const event = byError.get(id);
    // Undefined if it was erased.
    if (event === undefined || isTogether(event) || typeof results.get(id) === "object") return [];
    const resolution = conflicting.has(id)
      ? failing(error, [ID_CONFLICT], replaying)
      : resolved(error, event.row, replaying);
    return [{ error, resolution }];
  });
  const resolving = later.map(({ error, resolution }): WriteGroup => {
    const rows: BatchRows = { events: [], errors: [], parts: [], resolutions: [resolution] };
    return { messages: new Set(), session: null, database: error.database, rows, mayHold: false };
  });
  for (const { error, resolution } of later) {
    results.set(error.key.id, resolution.outcome.kind === "resolved" ? "stored" : "failing");
  }
  for (const { group, failure, reason } of (await writeGroups(io.databases, resolving, write)).failed) {
    noteWaiting(results, errorsOf(group), { kind: "waiting", failure, reason });
  }
  return results;
}

interface Replayed {
  row: EventRow;
  error: LocatedError;
}

function belongingsOf({ row, error: { key, session } }: Replayed): Belonging[] {
  const { receivedAt, visitor } = row;
  return [
    { session: row.session, visitor, error: key.id, receivedAt },
    { session, visitor: null, error: null, receivedAt },
  ];
}

function noteWaiting(results: Map<string, ReplayedError>, ids: string[], waits: Waiting): void {
  for (const id of ids) results.set(id, waits);
}

/** The ids of the errors that the rows of a group replay or resolve. */
function errorsOf({ rows }: WriteGroup): string[] {
  const events = rows.events.flatMap((lane) => lane.rows).flatMap(({ replays }) => replays?.id ?? []);
  return [...events, ...(rows.resolutions ?? []).map(({ error }) => error.id)];
}

function resolved(error: LocatedError, row: EventRow, { id, now }: Replaying): Resolution {
  const { session, id: eventId, occurredAt } = row;
  return { error: error.key, at: now, replay: id, outcome: { kind: "resolved", session, eventId, occurredAt } };
}

function failing(error: LocatedError, issues: Issue[], { id, now }: Replaying): Resolution {
  return { error: error.key, at: now, replay: id, outcome: { kind: "failing", issues } };
}
