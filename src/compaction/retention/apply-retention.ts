import type { Micros } from "../../model/time/time";
import { deleteAbandonedObjects } from "../../storage/archive/pending-objects";
import { firstDatabase } from "../../storage/core/databases";
import type { CompactionIo } from "../compaction-io";
import { deleteFiles, rewriteFilesOf } from "./delete-archived";
import { deleteErrors } from "./delete-errors";
import { dropOldPartitions, emptyLateLanes } from "./drop-partitions";
import { type Deleted, isCheckDue, logDeletion, noteChecked } from "./retention-log";

interface Rule {
  kind: "events" | "errors";
  /** Null for all applications. */
  application: string | null;
  micros: Micros;
}

/**
 * Deletes data that is older than the settings allow: partitions, errors and late events in the databases, and files of the
 * archive. Records each deletion in `retention_log`. Counts stay.
 *
 * A rule of one application deletes its errors, and rewrites the files that it shares with others. Its events leave the
 * databases with their partition, because the shortest rule limits the hot window.
 *
 * @returns true if there is more to delete
 * @throws what D1 and R2 throw. Harmless when repeated.
 */
export async function applyRetention(io: CompactionIo, now: Micros): Promise<boolean> {
  const first = firstDatabase(io.databases);
  if (io.archive !== null) await deleteAbandonedObjects(io.databases, io.archive, now);
  let hasMore = false;
  for (const rule of rulesOf(io)) {
    const name = [rule.kind, rule.application].filter((part) => part !== null).join(" ");
    if (!(await isCheckDue(first, name, now - io.settings.retention.checkMicros))) continue;
    let isThrough = true;
    for (const apply of rule.kind === "events" ? EVENT_STEPS : ERROR_STEPS) {
      const { rows, bytes, what, hasMore: goesOn } = await apply(io, rule, now);
      if (goesOn) isThrough = false;
      if (what === null) continue;
      const whose = rule.application === null ? {} : { application: rule.application };
      await logDeletion(first, { at: now, kind: rule.kind, what: { ...whose, ...what }, rows, bytes });
    }
    if (isThrough) await noteChecked(first, name, now);
    else hasMore = true;
  }
  return hasMore;
}

function rulesOf({ settings: { retention } }: CompactionIo): Rule[] {
  const all = [{ application: null, ...retention }, ...retention.applications];
  return all.flatMap(({ application, eventsMicros, errorsMicros }) => [
    ...(eventsMicros === null ? [] : [{ kind: "events" as const, application, micros: eventsMicros }]),
    ...(errorsMicros === null ? [] : [{ kind: "errors" as const, application, micros: errorsMicros }]),
  ]);
}

type Step = (io: CompactionIo, rule: Rule, now: Micros) => Promise<Deleted>;

const NOTHING: Deleted = { rows: 0, bytes: 0, what: null, hasMore: false };

const fromArchive: Step = (io, { kind, application, micros }, now) =>
  application === null
    ? deleteFiles(io, { kind, before: now - micros })
    : rewriteFilesOf(io, { kind, application, before: now - micros }, now);

const EVENT_STEPS: readonly Step[] = [
  async (io, { application, micros }, now) =>
    application === null ? dropOldPartitions(io.databases, now - micros) : NOTHING,
  async (io, { application, micros }, now) =>
    application === null ? emptyLateLanes(io.databases, now - micros) : NOTHING,
  fromArchive,
];

const ERROR_STEPS: readonly Step[] = [
  (io, { application, micros }, now) => deleteErrors(io.databases, { application, before: now - micros }),
  fromArchive,
];
