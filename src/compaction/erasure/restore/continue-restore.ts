import * as v from "valibot";
import type { Budget } from "../../../storage/erasures/budget";
import { hasMark, writeMark } from "../../../storage/erasures/restore-marks";
import type { ErasureIo } from "../erasure-io";
import type { ErasureState, StepResult } from "../erasure-state";
import { eraseRestoredErrors } from "./erase-restored-errors";
import { eraseRestoredSessions } from "./erase-restored-sessions";
import { importTombstones } from "./import-tombstones";
import { adoptFiles, removeMissingFiles } from "./repair-manifest";

const RestoredSchema = v.pipe(v.string(), v.parseJson(), v.array(v.number()));

const NOTHING = { sessions: 0, events: 0, errors: 0 };

/**
 * Does a step of erasing again what a restore brought back.
 *
 * @param restored the indexes of the restored databases, as JSON
 * @throws what D1, KV and R2 throw. A repeated step continues.
 */
export async function continueRestore(
  { id, restored }: { id: string; restored: string },
  state: ErasureState,
  io: ErasureIo,
  budget: Budget,
): Promise<StepResult> {
  const indexes = v.parse(RestoredSchema, restored);
  const databases = io.databases.filter(({ index }) => indexes.includes(index));
  const { pass } = state;
  switch (state.phase) {
    case "tombstones": {
      // A database that is restored once more loses this mark, and is found again.
      await writeMark(databases, id);
      const cursor = await importTombstones(io, state.cursor);
      if (cursor !== null) return { next: { ...state, cursor }, ...NOTHING };
      return { next: { pass, phase: "files", task: "adopt", after: "" }, ...NOTHING };
    }
    case "files": {
      const { archive } = io;
      const compare = state.task === "adopt" ? adoptFiles : removeMissingFiles;
      const after = archive === null ? null : await compare({ ...io, archive }, state.after);
      if (after !== null) return { next: { ...state, after }, ...NOTHING };
      if (state.task === "adopt") return { next: { ...state, task: "remove", after: "" }, ...NOTHING };
      return { next: { pass, phase: "stored", place: null, todo: [] }, ...NOTHING };
    }
    case "stored": {
      const { next, ...counts } = await eraseRestoredSessions(io, databases, state, budget);
      if (next !== null) return { next: { ...state, ...next }, ...counts };
      return { next: { pass, phase: "errors", place: { database: 0, after: null } }, ...counts };
    }
    case "errors": {
      const { errors, next } = await eraseRestoredErrors(io, databases, state.place, budget);
      if (next !== null) return { next: { ...state, place: next }, ...NOTHING, errors };
      await markCaughtUp({ id, databases }, io);
      return { next: null, ...NOTHING, errors };
    }
    default:
      throw new Error(`a restore has no phase ${state.phase}`);
  }
}

/** From here on the databases no longer count as behind. */
async function markCaughtUp({ id, databases }: { id: string; databases: ErasureIo["databases"] }, io: ErasureIo) {
  const head = await io.vault.head();
  if (head === null) return;
  for (const database of databases) {
    if (await hasMark(database, id)) await writeMark([database], head);
  }
  io.log({ log: "restore", restore: id, databases: databases.length });
}
