import * as v from "valibot";
import { CountSchema } from "../../model/count";
import type { Micros } from "../../model/time/time";
import type { ErasedCounts, Erasure } from "../../storage/erasures/erasure-records";
import type { ErasureKind } from "../../storage/erasures/subject";

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
 * - `scrub`: after the last pass, removes the copies of erased rows from the pages of all databases.
 * - `copies`: only of a thorough erasure, the last one. Waits until the compactor has removed the copies that the scrub could not:
 *   all that were recorded before `since`, since nothing says of which erasure they are.
 *
 * After a restore, in this order, before `scrub`:
 * - `tombstones`: gets the tombstones back from outside D1.
 * - `files`: compares the manifest with the archive, object by object, after the name `after`. First it puts files
 *   that an erasure has rewritten since in their place (`adopt`), then it removes files that no longer exist.
 * - `stored`: examines every session of the restored databases. Those of `todo` are erased first.
 * - `errors`: examines every error of the restored databases.
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
  v.object({ pass: CountSchema, phase: v.literal("tombstones"), cursor: v.nullable(v.string()) }),
  v.object({ pass: CountSchema, phase: v.literal("files"), task: v.picklist(["adopt", "remove"]), after: v.string() }),
  v.object({
    pass: CountSchema,
    phase: v.literal("stored"),
    place: v.nullable(VisitPlaceSchema),
    todo: v.array(v.object({ session: v.string(), before: v.number() })),
  }),
  v.object({ pass: CountSchema, phase: v.literal("errors"), place: ErrorPlaceSchema }),
  v.object({ pass: CountSchema, phase: v.literal("scrub") }),
  v.object({ pass: CountSchema, phase: v.literal("copies"), since: v.number() }),
]);

export type ErasureState = v.InferOutput<typeof ErasureStateSchema>;

/** Everything is searched twice: see SECOND_PASS_SECONDS. */
export const PASSES = 2;

export function startOfPass(kind: ErasureKind, pass: number): ErasureState {
  if (kind === "restore") {
    return pass === 1 ? { pass, phase: "tombstones", cursor: null } : { pass, phase: "stored", place: null, todo: [] };
  }
  return kind === "visitor" ? { pass, phase: "sessions", place: null, todo: [] } : { pass, phase: "subject" };
}

/** Where the step after a completed phase starts; null if it was the last one. */
export function afterPhase(
  { kind, thorough }: Pick<Erasure, "kind" | "thorough">,
  { pass, phase }: ErasureState,
  now: Micros,
): ErasureState | null {
  if (phase === "scrub" && thorough === 1) return { pass, phase: "copies", since: now };
  if (phase === "scrub" || phase === "copies") return null;
  return pass < PASSES ? startOfPass(kind, pass + 1) : { pass, phase: "scrub" };
}

/** Since when a thorough erasure waits for copies; null if it does not. */
export function awaitsCopiesSince({ status, state }: Pick<Erasure, "status" | "state">): Micros | null {
  if (status === "done" || state === null) return null;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), ErasureStateSchema), state);
  return read.success && read.output.phase === "copies" ? read.output.since : null;
}

/** What a step did, and where the next one starts. */
export interface StepResult extends ErasedCounts {
  /** Null when the pass, `scrub` or `copies` is complete. */
  next: ErasureState | null;
}
