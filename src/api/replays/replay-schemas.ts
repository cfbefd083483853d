import * as v from "valibot";
import { MomentSchema } from "../../http/request/moment";
import { CodeParameter, CursorParameter, filterParameters, LimitParameter } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { RepairSchema } from "../../model/repair/repair";
import { MAX_ERRORS_PER_STEP, MAX_PREVIEWED_ERRORS, MAX_REPLAY_IDS } from "../../model/replay";

/** The schemas of requests and responses about replays. */

const FilterSchema = v.pipe(
  v.strictObject({
    code: CodeParameter,
    ...filterParameters("of receipt"),
  }),
  v.description("The filters of the list of errors; `{}` selects every open error. Only open errors are replayed."),
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
        `1 returns only a preview, by the rules that a replay started now would use: changes that are already made count, in force or not. It validates at most ${MAX_PREVIEWED_ERRORS} of the errors, fewer if they are large, and changes nothing. Whether the session already has another event with the same id is not checked: only the session knows.`,
      ),
    ),
  ),
});

const issues = v.array(v.object({ code: v.string(), path: v.string(), message: v.string() }));

export const PreviewSchema = v.object({
  examined: v.pipe(CountSchema, v.description("The number of validated errors; see `complete`.")),
  would_pass: CountSchema,
  would_fail: CountSchema,
  would_skip: v.pipe(
    CountSchema,
    v.description(
      "Errors that cannot be validated: the content is malformed, or a repair does not apply or exceeds a limit.",
    ),
  ),
  complete: v.pipe(
    v.boolean(),
    v.description(
      "False if more errors match than were examined: there are too many for a preview, or they are large.",
    ),
  ),
  failures: v.pipe(
    v.array(v.object({ code: v.string(), path: v.string(), count: CountSchema })),
    v.description("The remaining issues, most frequent first; `*` stands for any array index."),
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
    v.description("A few examples of each result."),
  ),
});

export const ReplaySchema = v.object({
  id: v.string(),
  status: v.pipe(
    v.picklist(["running", "done", "cancelled"]),
    v.description(
      `running: in steps of at most ${MAX_ERRORS_PER_STEP} errors, one a second. cancelled: it was ended early; stored events stay.`,
    ),
  ),
  created_at: MomentSchema,
  updated_at: v.pipe(MomentSchema, v.description("When a step was last counted.")),
  filter: v.pipe(v.nullable(v.record(v.string(), v.string())), v.description("The requested filter; null with ids.")),
  ids: v.pipe(v.nullable(CountSchema), v.description("The number of requested ids; null with a filter.")),
  repair: v.nullable(v.unknown()),
  steps: v.pipe(CountSchema, v.description("The number of completed steps.")),
  matched: v.pipe(CountSchema, v.description("The errors processed so far: stored, failing and skipped together.")),
  stored: v.pipe(CountSchema, v.description("Events that are now stored; their errors are resolved.")),
  failing: v.pipe(CountSchema, v.description("Events that still fail; their errors have their newest issues.")),
  skipped: v.pipe(
    CountSchema,
    v.description("Errors left unchanged: resolved before, claimed by another replay, or not possible to validate."),
  ),
  reached: v.pipe(
    v.nullable(MomentSchema),
    v.description(
      "The time of receipt up to which errors were processed; null with ids, before the first step and after the last.",
    ),
  ),
});

export const ReplaysParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

export const ReplayPageSchema = v.object({ results: v.array(ReplaySchema), next: v.nullable(v.string()) });
