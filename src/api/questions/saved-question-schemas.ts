import * as v from "valibot";
import { NextSchema } from "../../http/page";
import { MomentSchema } from "../../http/request/moment";
import { CursorParameter, LimitParameter } from "../../http/request/parameters";
import { MAX_QUESTION_CHARACTERS, SAVED_KINDS, type SavedKind } from "../../model/questions/saved-question";

/** The schemas of requests and responses about saved questions. */

const KINDS = Object.keys(SAVED_KINDS) as [SavedKind, ...SavedKind[]];

const NAME_RULE = "expected 1 to 64 of the characters a-z, 0-9, - and _, beginning with a letter or digit";

export const QuestionNameSchema = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, NAME_RULE));

const KindSchema = v.pipe(
  v.picklist(KINDS, `expected one of ${KINDS.join(", ")}`),
  v.description(
    "The operation that answers the question: /theeye/funnels, /theeye/paths, /theeye/retention or /theeye/stats.",
  ),
);

const MembersSchema = v.pipe(
  v.record(v.string(), v.unknown(), "expected an object with the members or parameters of the operation"),
  v.check(
    (question) => JSON.stringify(question).length <= MAX_QUESTION_CHARACTERS,
    `expected at most ${MAX_QUESTION_CHARACTERS} characters as JSON`,
  ),
  v.description(
    "The input of the operation: the members of its body, or its parameters. Without dates, each run covers the latest days.",
  ),
);

const DescriptionSchema = v.pipe(v.string(), v.maxLength(500, "expected at most 500 characters"));

export const QuestionInput = v.strictObject({
  kind: KindSchema,
  question: MembersSchema,
  description: v.optional(DescriptionSchema),
});

export const SavedQuestionSchema = v.object({
  name: v.string(),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  kind: KindSchema,
  question: v.pipe(
    v.nullable(v.record(v.string(), v.unknown())),
    v.description("Null if this version removed the question."),
  ),
  description: v.nullable(v.string()),
  saved_at: MomentSchema,
});

export const SavedQuestionListSchema = v.object({ results: v.array(SavedQuestionSchema), next: NextSchema });

export const QuestionsParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

const VERSION_RULE = "expected the number of a version, from 1";

export const VersionParameters = v.object({
  version: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,5}$/, VERSION_RULE),
      v.transform(Number),
      v.description("The version. The default is the latest."),
    ),
  ),
});

export const RunInput = v.strictObject({
  start_date: v.optional(v.pipe(v.string(), v.description("Replaces the saved value for this run."))),
  end_date: v.optional(v.pipe(v.string(), v.description("Replaces the saved value for this run."))),
  timezone: v.optional(v.pipe(v.string(), v.description("Replaces the saved value for this run."))),
  accuracy: v.optional(v.pipe(v.picklist(["fast", "exact"]), v.description("Replaces the saved value for this run."))),
});
