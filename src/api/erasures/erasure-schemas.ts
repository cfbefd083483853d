import * as v from "valibot";
import { NextSchema } from "../../http/page";
import { MomentSchema } from "../../http/request/moment";
import { CursorParameter, LimitParameter } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { formatTimestamp } from "../../model/time/time";
import type { Erasure } from "../../storage/erasures/erasure-records";
import { ERASURE_KINDS } from "../../storage/erasures/subject";

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
  updated_at: MomentSchema,
  steps: v.pipe(CountSchema, v.description("The number of completed steps.")),
  sessions: v.pipe(
    CountSchema,
    v.description("These three: the numbers of what was erased. After a crash, more may have been erased."),
  ),
  events: CountSchema,
  errors: CountSchema,
});

export const ErasurePageSchema = v.object({ results: v.array(ErasureSchema), next: NextSchema });

export const ErasuresParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

export const ErasurePlaceSchema = v.pipe(
  v.strictTuple([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.maxLength(200))]),
  v.transform(([before, id]) => ({ before, id })),
);

export function renderErasure(erasure: Erasure): v.InferOutput<typeof ErasureSchema> {
  const { id, kind, status, before, requestedBy, updatedAt, step, sessions, events, errors } = erasure;
  return {
    ...{ id, kind, status, requested_at: formatTimestamp(before), requested_by: requestedBy },
    ...{ updated_at: formatTimestamp(updatedAt), steps: step, sessions, events, errors },
  };
}
