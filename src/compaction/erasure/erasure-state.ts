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
 * Where the next step of an erasure begins.
 *
 * - `subject`: the session or the error itself.
 * - `sessions`: those of a visitor: first those to do, which have their tombstones, and then what comes behind a place. They are
 *   written down before they are erased, since what leads to them is erased with them.
 * - `contents`: errors whose content names a visitor, from a place on.
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

/** Everything is looked for twice: see SECOND_PASS_SECONDS. */
export const PASSES = 2;

export function startOfPass(kind: "session" | "visitor" | "error", pass: number): ErasureState {
  return kind === "visitor" ? { pass, phase: "sessions", place: null, todo: [] } : { pass, phase: "subject" };
}
