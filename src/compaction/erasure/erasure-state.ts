import * as v from "valibot";
import { CountSchema } from "../../model/count";

const VisitPlaceSchema = v.object({
  partition: CountSchema,
  database: CountSchema,
  isLate: v.boolean(),
  after: v.nullable(v.string()),
});

const ErrorPlaceSchema = v.object({
  database: CountSchema,
  after: v.nullable(v.object({ receivedAt: v.number(), id: v.string() })),
});

/**
 * Where the next step of an erasure starts.
 *
 * - `subject`: the session or the error itself.
 * - `sessions`: the sessions of a visitor: the ones to process next, which have their tombstones, and the place
 *   after which the search continues. They are saved before they are erased, because the rows that lead to them are
 *   erased with them.
 * - `contents`: errors whose content names a visitor, after a given place.
 */
export const ErasureStateSchema = v.variant("phase", [
  v.object({ pass: CountSchema, phase: v.literal("subject") }),
  v.object({
    pass: CountSchema,
    phase: v.literal("sessions"),
    place: v.nullable(VisitPlaceSchema),
    todo: v.array(v.string()),
  }),
  v.object({ pass: CountSchema, phase: v.literal("contents"), place: ErrorPlaceSchema }),
]);

export type ErasureState = v.InferOutput<typeof ErasureStateSchema>;

/** Everything is searched twice: see SECOND_PASS_SECONDS. */
export const PASSES = 2;

export function startOfPass(kind: "session" | "visitor" | "error", pass: number): ErasureState {
  return kind === "visitor" ? { pass, phase: "sessions", place: null, todo: [] } : { pass, phase: "subject" };
}
