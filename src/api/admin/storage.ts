import { Hono } from "hono";
import * as v from "valibot";
import { compactionIoOf } from "../../compaction/compaction-io";
import { runCompaction } from "../../compaction/run-compaction";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { requireScope } from "../../http/auth/authenticate";
import { problem } from "../../http/problem";
import { MomentSchema } from "../../http/request/moment";
import { takesNoParameters } from "../../http/request/no-parameters";
import { CountSchema } from "../../model/count";
import { formatTimestamp, type Micros } from "../../model/time/time";
import { type DatabaseState, type PartitionState, readStorageState } from "../../storage/admin/storage-state";
import { archiveOf } from "../../storage/archive/archive-bucket";
import { databasesOf } from "../../storage/core/databases";
import { PARTITION_STATES } from "../../storage/partitions/partition";
import { acceptObjectLoss, listMissing } from "./missing-objects";

export const StorageResponse = v.object({
  archive: v.pipe(v.boolean(), v.description("False if no bucket is bound. Nothing is archived then.")),
  databases: v.array(
    v.object({
      database: CountSchema,
      bytes: CountSchema,
      events: v.pipe(CountSchema, v.description("The events in its partitions, without late ones.")),
      events_of_last_day: CountSchema,
      oldest: v.pipe(v.nullable(MomentSchema), v.description("The start of its oldest partition.")),
      days_left: v.pipe(
        v.nullable(v.number()),
        v.description(
          "The days until the database reaches 10 GB at the rate of the last day, if nothing is moved or deleted. Null if nothing is being added.",
        ),
      ),
    }),
  ),
  partitions: v.array(
    v.object({
      partition: CountSchema,
      start: MomentSchema,
      end: MomentSchema,
      state: v.picklist(PARTITION_STATES),
      databases: v.array(CountSchema),
      events: v.pipe(CountSchema, v.description("The events in the databases, without late ones.")),
      archived_events: CountSchema,
      archived_bytes: CountSchema,
      files: CountSchema,
      copied_events: v.pipe(CountSchema, v.description("How much of it the compactor has copied so far.")),
      failure: v.pipe(v.nullable(v.string()), v.description("Why the compactor cannot continue with it.")),
    }),
  ),
  archived_errors: v.pipe(
    v.object({ errors: CountSchema, bytes: CountSchema, files: CountSchema }),
    v.description("Failed events in the archive."),
  ),
  deletions: v.pipe(
    v.array(v.object({ at: MomentSchema, kind: v.string(), what: v.unknown(), rows: CountSchema, bytes: CountSchema })),
    v.description("The latest deletions by retention, and accepted losses of objects; newest first, at most 20."),
  ),
});

export const CompactResponse = v.object({
  steps: v.array(v.object({ did: v.string(), partition: CountSchema, rows: CountSchema })),
  is_done: v.pipe(v.boolean(), v.description("False if more work is left. Send the request again.")),
});

/** `/theeye/storage`: where data is stored and how much. */
export const storage = new Hono<AppEnv>({ strict: false });

storage.get("/", requireScope("admin"), takesNoParameters, async (c) => {
  const { databases, partitions, archivedErrors, deletions } = await readStorageState(
    databasesOf(c.env),
    Date.now() * 1_000,
  );
  const body: v.InferOutput<typeof StorageResponse> = {
    archive: archiveOf(c.env) !== null,
    databases: databases.map((state) => renderDatabase(state, partitions)),
    partitions: partitions.map(renderPartition),
    archived_errors: archivedErrors,
    deletions: deletions.map(({ at, kind, what, rows, bytes }) => ({
      ...{ at: formatTimestamp(at), kind, rows, bytes },
      what: JSON.parse(what) as unknown,
    })),
  };
  return answer(body);
});

function renderDatabase({ database, bytes, events, eventsOfLastDay, daysLeft }: DatabaseState, all: PartitionState[]) {
  const held = all.filter(
    ({ partition: { state, databases } }) => databases.includes(database) && (state === "open" || state === "sealed"),
  );
  const oldest = held.reduce<Micros | null>(
    (least, { partition: { from } }) => (least === null ? from : Math.min(least, from)),
    null,
  );
  return {
    ...{ database, bytes, events, events_of_last_day: eventsOfLastDay },
    oldest: oldest === null ? null : formatTimestamp(oldest),
    days_left: daysLeft === null ? null : Math.round(daysLeft * 10) / 10,
  };
}

function renderPartition({ partition, ...state }: PartitionState) {
  return {
    partition: partition.id,
    start: formatTimestamp(partition.from),
    end: formatTimestamp(partition.to),
    state: partition.state,
    databases: [...partition.databases],
    events: state.hotEvents,
    archived_events: state.archivedEvents,
    archived_bytes: state.archivedBytes,
    files: state.files,
    copied_events: state.copiedEvents,
    failure: state.failure,
  };
}

/** Runs the cron's work on request on a developer's machine. In production the cron does it each minute. */
storage.post("/compact", requireScope("admin"), takesNoParameters, async (c) => {
  if (c.var.config.adminKey !== null) {
    return problem("forbidden", "Only a local service compacts on request. This one compacts by itself each minute.");
  }
  const io = await compactionIoOf(c.env, c.var.config, (line) => console.log(JSON.stringify(line)));
  const { steps, isDone } = await runCompaction(io, () => Date.now() * 1_000);
  const body: v.InferOutput<typeof CompactResponse> = { steps, is_done: isDone };
  return answer(body);
});

storage.get("/missing", requireScope("admin"), listMissing);

storage.post("/accept-loss", requireScope("admin"), takesNoParameters, acceptObjectLoss);
