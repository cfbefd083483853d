import * as v from "valibot";
import { MomentSchema } from "../../http/request/moment";
import { MAX_QUESTION_CHARACTERS, SAVED_KINDS, type SavedKind } from "../../model/questions/saved-question";

/** What the operations on saved questions take and answer. */

const KINDS = Object.keys(SAVED_KINDS) as [SavedKind, ...SavedKind[]];

const NAME_RULE = "expected 1 to 64 of the characters a-z, 0-9, - and _, beginning with a letter or digit";

export const QuestionNameSchema = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, NAME_RULE));

const KindSchema = v.pipe(
  v.picklist(KINDS, `expected one of ${KINDS.join(", ")}`),
  v.description("The operation that answers it: /theeye/funnels, /theeye/paths, /theeye/retention or /theeye/stats."),
);

const MembersSchema = v.pipe(
  v.record(v.string(), v.unknown(), "expected an object with the members or parameters of the operation"),
  v.check(
    (question) => JSON.stringify(question).length <= MAX_QUESTION_CHARACTERS,
    `expected at most ${MAX_QUESTION_CHARACTERS} characters as JSON`,
  ),
  v.description(
    "What the operation takes: the members of its body, or its parameters. Without dates it asks about the latest days whenever it is run.",
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
  question: v.pipe(v.nullable(v.record(v.string(), v.unknown())), v.description("null: removed by this version.")),
  description: v.nullable(v.string()),
  saved_at: MomentSchema,
});

export const SavedQuestionListSchema = v.object({ results: v.array(SavedQuestionSchema) });

const VERSION_RULE = "expected the number of a version, from 1";

export const VersionParameters = v.object({
  version: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,5}$/, VERSION_RULE),
      v.transform(Number),
      v.description("A version; without it the latest."),
    ),
  ),
});

export const RunInput = v.strictObject({
  start_date: v.optional(v.pipe(v.string(), v.description("In place of the saved one."))),
  end_date: v.optional(v.pipe(v.string(), v.description("In place of the saved one."))),
  timezone: v.optional(v.pipe(v.string(), v.description("In place of the saved one."))),
  accuracy: v.optional(v.pipe(v.picklist(["fast", "exact"]), v.description("In place of the saved one."))),
});
