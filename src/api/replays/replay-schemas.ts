import * as v from "valibot";
import { MomentSchema } from "../../http/request/moment";
import { CodeParameter, CursorParameter, filterParameters, LimitParameter } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { RepairSchema } from "../../model/repair/repair";
import { MAX_ERRORS_PER_STEP, MAX_PREVIEWED_ERRORS, MAX_REPLAY_IDS } from "../../model/replay";

/** What the operations on replays take and answer. */

const FilterSchema = v.pipe(
  v.strictObject({
    code: CodeParameter,
    ...filterParameters("of receipt"),
  }),
  v.description("As the list of errors filters; `{}` means every open error. Only open errors are replayed."),
);

const IdsSchema = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(200, "expected at most 200 characters"))),
  v.minLength(1, "expected at least one id"),
  v.maxLength(MAX_REPLAY_IDS, `expected at most ${MAX_REPLAY_IDS} ids`),
  v.description("Ids of errors."),
);

export const CreateReplaySchema = v.strictObject({
  filter: v.optional(FilterSchema),
  ids: v.optional(IdsSchema),
  repair: v.optional(RepairSchema),
});

export type CreateReplay = v.InferOutput<typeof CreateReplaySchema>;

export const CreateReplayParameters = v.object({
  dry_run: v.optional(
    v.pipe(
      v.picklist(["1"], "expected 1"),
      v.description(
        `1: only a preview, by the rules that a replay begun now would use: changes that are made already count, in force yet or not. Validates at most ${MAX_PREVIEWED_ERRORS} of the errors, fewer where they are large, and changes nothing. Whether an id stands for another event of its session is not validated: only the session knows.`,
      ),
    ),
  ),
});

const issues = v.array(v.object({ code: v.string(), path: v.string(), message: v.string() }));

export const PreviewSchema = v.object({
  examined: v.pipe(CountSchema, v.description("How many errors were validated; see `complete`.")),
  would_pass: CountSchema,
  would_fail: CountSchema,
  would_skip: v.pipe(
    CountSchema,
    v.description(
      "Those that cannot be validated: malformed content, or a repair that does not apply or passes a bound.",
    ),
  ),
  complete: v.pipe(
    v.boolean(),
    v.description("False if more errors match than were examined: they are more than a preview takes, or large."),
  ),
  failures: v.pipe(
    v.array(v.object({ code: v.string(), path: v.string(), count: CountSchema })),
    v.description("What would still be wrong, the most frequent first; `*` stands for any place in an array."),
  ),
  samples: v.pipe(
    v.array(
      v.object({
        id: v.string(),
        verdict: v.picklist(["pass", "fail", "skip"]),
        event: v.pipe(v.unknown(), v.description("The event as it would be validated; null if it is skipped.")),
        issues,
        reason: v.optional(v.pipe(v.string(), v.description("Why it is skipped."))),
      }),
    ),
    v.description("A few of each verdict."),
  ),
});

export const ReplaySchema = v.object({
  id: v.string(),
  status: v.pipe(
    v.picklist(["running", "done", "cancelled"]),
    v.description(
      `running: in steps of at most ${MAX_ERRORS_PER_STEP} errors, one a second. cancelled: it was ended before its time; what it had stored stays.`,
    ),
  ),
  created_at: MomentSchema,
  updated_at: v.pipe(MomentSchema, v.description("When a step was counted last.")),
  filter: v.pipe(v.nullable(v.record(v.string(), v.string())), v.description("What it was asked for; null with ids.")),
  ids: v.pipe(v.nullable(CountSchema), v.description("How many ids it was asked for; null with a filter.")),
  repair: v.nullable(v.unknown()),
  steps: v.pipe(CountSchema, v.description("Steps that are done.")),
  matched: v.pipe(CountSchema, v.description("Errors taken so far: stored, failing and skipped together.")),
  stored: v.pipe(CountSchema, v.description("Events that now stand in their sessions; their errors are resolved.")),
  failing: v.pipe(CountSchema, v.description("Events that still fail; their errors have their newest issues.")),
  skipped: v.pipe(
    CountSchema,
    v.description("Left as they were: resolved before, in the hands of another replay, or not to be validated."),
  ),
  reached: v.pipe(
    v.nullable(MomentSchema),
    v.description("The receipt up to which errors were taken; null with ids, at the beginning and at the end."),
  ),
});

export const ReplaysParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

export const ReplayPageSchema = v.object({ results: v.array(ReplaySchema), next: v.nullable(v.string()) });
