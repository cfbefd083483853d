import * as v from "valibot";
import { awaitsCopiesSince } from "../../compaction/erasure/erasure-state";
import type { RemainingCopies } from "../../compaction/erasure/remaining-copies";
import { NextSchema } from "../../http/page";
import { MomentSchema } from "../../http/request/moment";
import { CursorParameter, LimitParameter } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { formatTimestamp, type Micros } from "../../model/time/time";
import type { Erasure } from "../../storage/erasures/erasure-records";
import { ERASURE_KINDS } from "../../storage/erasures/subject";

/** What a running erasure waits for. It does not name what is erased. */
const WaitingSchema = v.object({
  for: v.pipe(
    v.picklist(["archive_object", "retry", "partitions"]),
    v.description(
      "archive_object: an object of the archive that the erasure must rewrite is missing. retry: a step failed for another reason, which is in the log. partitions: everything is erased, and partitions in whose tables copies may remain are moved to the archive first (only with thorough=1).",
    ),
  ),
  object: v.pipe(v.nullable(v.string()), v.description("The name of the missing object in the bucket.")),
  since: MomentSchema,
  detail: v.pipe(v.string(), v.description("What to do.")),
});

/** Copies that may remain in pages of the database's file, where no query can read them. */
const CopiesSchema = v.object({
  partitions: v.pipe(v.array(CountSchema), v.description("The partitions in whose tables copies may remain.")),
  errors: v.pipe(v.boolean(), v.description("Whether copies may remain among the failed events.")),
  until: v.pipe(
    v.nullable(MomentSchema),
    v.description(
      "When the last of these partitions is dropped, by the present settings. Its pages are overwritten then. Null if no time is known: there is neither an archive nor a retention, or copies may remain among the failed events.",
    ),
  ),
});

/** An erasure as the API returns it. It does not show what was erased. */
export const ErasureSchema = v.object({
  id: v.string(),
  kind: v.pipe(
    v.picklist(ERASURE_KINDS),
    v.description("restore: a restored database was found, and what it brought back is erased again."),
  ),
  status: v.pipe(
    v.picklist(["running", "done"]),
    v.description(
      "running: data may still be stored, or an erasure with thorough=1 waits for partitions. done: everything was searched twice.",
    ),
  ),
  requested_at: v.pipe(MomentSchema, v.description("Everything received before this time is erased.")),
  requested_by: v.pipe(v.nullable(v.string()), v.description("The application of the admin key, if it has one.")),
  updated_at: v.pipe(MomentSchema, v.description("When a step was last completed, or tried in vain.")),
  steps: v.pipe(CountSchema, v.description("The number of completed steps.")),
  sessions: v.pipe(
    CountSchema,
    v.description("These three: the numbers of what was erased. After a crash, more may have been erased."),
  ),
  events: CountSchema,
  errors: CountSchema,
  thorough: v.pipe(
    v.boolean(),
    v.description("Whether it is done only when no copies remain in the tables of partitions."),
  ),
  waiting: v.pipe(
    v.nullable(WaitingSchema),
    v.description(
      "Null unless a step fails or partitions must be moved. The step is tried again every 10 seconds, later every minute.",
    ),
  ),
  copies: v.pipe(
    v.nullable(CopiesSchema),
    v.description(
      "Where copies may remain in the database's file after the erasure: in tables that were too large to be written again whole. Null if there are none, or none any more.",
    ),
  ),
});

/** `1` waits until no copies remain. */
export const EraseParameters = v.object({
  thorough: v.optional(
    v.pipe(
      v.picklist(["1"], "expected 1"),
      v.description(
        "1: the erasure is done only when no copies of erased events can remain in the database's file. Partitions in whose tables copies may remain move to the archive as soon as they are over, without their hot window. Needs an archive. docs/erasure-and-export.md says what it costs.",
      ),
    ),
  ),
});

export const ErasurePageSchema = v.object({ results: v.array(ErasureSchema), next: NextSchema });

export const ErasuresParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

export const ErasurePlaceSchema = v.pipe(
  v.strictTuple([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.maxLength(200))]),
  v.transform(([before, id]) => ({ before, id })),
);

export function renderErasure(erasure: Erasure, copies: RemainingCopies | null): v.InferOutput<typeof ErasureSchema> {
  const { id, kind, status, before, requestedBy, updatedAt, step, sessions, events, errors } = erasure;
  return {
    ...{ id, kind, status, requested_at: formatTimestamp(before), requested_by: requestedBy },
    ...{
      updated_at: formatTimestamp(updatedAt),
      steps: step,
      sessions,
      events,
      errors,
      thorough: erasure.thorough === 1,
      waiting: renderWaiting(erasure, copies),
      copies: copies === null ? null : renderCopies(copies),
    },
  };
}

function renderCopies({ partitions, errors, until }: RemainingCopies): v.InferOutput<typeof CopiesSchema> {
  return { partitions, errors, until: until === null ? null : formatTimestamp(until) };
}

function renderWaiting(erasure: Erasure, copies: RemainingCopies | null): v.InferOutput<typeof WaitingSchema> | null {
  const { waitingSince, missingObject } = erasure;
  if (waitingSince === null) return renderAwaiting(awaitsCopiesSince(erasure), copies);
  const since = formatTimestamp(waitingSince);
  if (missingObject === null) {
    return { for: "retry", object: null, since, detail: "A step failed. The log line `erasure` says why." };
  }
  const detail =
    "This object is missing in the bucket. Put it back, or accept its loss with POST /theeye/storage/accept-loss.";
  return { for: "archive_object", object: missingObject, since, detail };
}

function renderAwaiting(since: Micros | null, copies: RemainingCopies | null) {
  if (since === null) return null;
  const from = copies?.until ?? null;
  const which = `Copies may remain in the partitions ${copies?.partitions.join(", ") ?? ""}.`;
  const detail =
    copies === null || copies.partitions.length === 0
      ? "No copies remain. The erasure is done within a minute."
      : `${which} The last of them moves to the archive ${from === null ? "when it is over" : `from ${formatTimestamp(from)} on`}, and its pages are overwritten then.`;
  return { for: "partitions" as const, object: null, since: formatTimestamp(since), detail };
}
