import * as v from "valibot";
import type { RemainingCopies } from "../../compaction/erasure/remaining-copies";
import { NextSchema } from "../../http/page";
import { MomentSchema } from "../../http/request/moment";
import { CursorParameter, LimitParameter } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { formatTimestamp } from "../../model/time/time";
import type { Erasure } from "../../storage/erasures/erasure-records";
import { ERASURE_KINDS } from "../../storage/erasures/subject";

/** What a running erasure waits for. It does not name what is erased. */
const WaitingSchema = v.object({
  for: v.pipe(
    v.picklist(["archive_object", "retry"]),
    v.description(
      "archive_object: an object of the archive that the erasure must rewrite is missing. retry: a step failed for another reason, which is in the log.",
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
    v.description("running: data may still be stored. done: everything was searched twice."),
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
  waiting: v.pipe(
    v.nullable(WaitingSchema),
    v.description("Null unless a step fails. The step is tried again every 10 seconds, later every minute."),
  ),
  copies: v.pipe(
    v.nullable(CopiesSchema),
    v.description(
      "Where copies may remain in the database's file after the erasure: in tables that were too large to be written again whole. Null if there are none, or none any more.",
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
      waiting: renderWaiting(erasure),
      copies: copies === null ? null : renderCopies(copies),
    },
  };
}

function renderCopies({ partitions, errors, until }: RemainingCopies): v.InferOutput<typeof CopiesSchema> {
  return { partitions, errors, until: until === null ? null : formatTimestamp(until) };
}

function renderWaiting({ waitingSince, missingObject }: Erasure): v.InferOutput<typeof WaitingSchema> | null {
  if (waitingSince === null) return null;
  const since = formatTimestamp(waitingSince);
  if (missingObject === null) {
    return { for: "retry", object: null, since, detail: "A step failed. The log line `erasure` says why." };
  }
  const detail =
    "This object is missing in the bucket. Put it back, or accept its loss with POST /theeye/storage/accept-loss.";
  return { for: "archive_object", object: missingObject, since, detail };
}
