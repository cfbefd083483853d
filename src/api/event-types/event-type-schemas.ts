import * as v from "valibot";
import { NextSchema } from "../../http/page";
import { MomentSchema } from "../../http/request/moment";
import { CursorParameter, LimitParameter } from "../../http/request/parameters";
import { CountSchema } from "../../model/count";
import { DeclaredPropertiesSchema } from "../../model/event/declared-property";
import { CategorySchema, NameSchema } from "../../model/event/event";
import { ModeSchema, SchemaModeSchema } from "../../model/event/event-type";

/** The schemas of requests and responses about event types. The API reference is made from them. */

const Description = v.pipe(v.string(), v.maxLength(2_000), v.description("What the events of this type mean."));
const Owner = v.pipe(
  v.string(),
  v.maxLength(200),
  v.description("Who is responsible for this type: a team or an address."),
);
const TypeMode = v.pipe(
  ModeSchema,
  v.description("`reject`: the type is retired, and its events become errors with the code `unplanned_event`."),
);
const SchemaMode = v.pipe(
  SchemaModeSchema,
  v.description("`shadow`: report-only. The schema rejects nothing, but what it would have rejected is counted."),
);
const PayloadSchema = v.pipe(
  v.unknown(),
  v.description("A JSON Schema (draft 2020-12) for `data`. Null allows any payload."),
);
const Version = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.description("Increases with each change, starting at 1."),
);

/** When a change of the rules comes into force. */
export const InForceSchema = v.pipe(
  MomentSchema,
  v.description(
    "When the version comes into force; it then applies to newly received events until the next version does. This is `RULE_LEAD_SECONDS` after the change, or later if another change comes into force then.",
  ),
);

export const EventTypeInput = v.strictObject({
  description: v.optional(v.nullable(Description), null),
  owner: v.optional(v.nullable(Owner), null),
  mode: v.optional(TypeMode, "accept"),
  schema: v.optional(PayloadSchema, null),
  schema_mode: v.optional(SchemaMode, "enforce"),
  properties: v.optional(DeclaredPropertiesSchema),
});

/** The body of `PATCH`: the properties alone. */
export const EventTypePatch = v.strictObject({ properties: DeclaredPropertiesSchema });

const DeclaredAnswer = v.pipe(
  v.array(
    v.object({
      path: v.string(),
      kind: v.picklist(["text", "number"]),
      template: v.nullable(v.string()),
      declared_at: MomentSchema,
    }),
  ),
  v.description("Properties of the payload whose values are counted as events arrive."),
);

export const EventTypePropertiesSchema = v.object({
  category: CategorySchema,
  name: NameSchema,
  properties: DeclaredAnswer,
});

const typeMembers = { category: CategorySchema, name: NameSchema };

export const EventTypeVersionSchema = v.object({
  ...typeMembers,
  version: Version,
  registered: v.pipe(v.boolean(), v.description("False if this version removed the type.")),
  mode: TypeMode,
  schema: PayloadSchema,
  schema_mode: SchemaMode,
  description: v.nullable(Description),
  owner: v.nullable(Owner),
  changed_at: MomentSchema,
  in_force_at: InForceSchema,
});

const seenMembers = {
  first_seen: v.pipe(
    v.nullable(MomentSchema),
    v.description("The start of the minute of the first stored event, or of its hour if minutes are no longer kept."),
  ),
  last_seen: v.pipe(
    v.nullable(MomentSchema),
    v.description("The start of the minute of the last stored event, or of its hour if minutes are no longer kept."),
  ),
  events: v.pipe(CountSchema, v.description("Events stored in the requested days, by timestamp.")),
  failures: v.pipe(CountSchema, v.description("Events failed in the requested days, by receipt.")),
};

export const ListedEventTypeSchema = v.object({
  ...typeMembers,
  registered: v.boolean(),
  version: v.nullable(Version),
  mode: v.nullable(TypeMode),
  schema_mode: v.pipe(v.nullable(SchemaMode), v.description("Null if there is no schema.")),
  description: v.nullable(Description),
  owner: v.nullable(Owner),
  ...seenMembers,
});

export const EventTypePageSchema = v.object({ results: v.array(ListedEventTypeSchema), next: NextSchema });

const ReportOnlySchema = v.object({
  path: v.pipe(
    v.string(),
    v.description(
      "A JSON pointer into the event, with `*` for any array index. An empty pointer counts events, each once.",
    ),
  ),
  events: CountSchema,
  first_seen: v.pipe(MomentSchema, v.description("The start of the day of the first such event.")),
  last_seen: v.pipe(MomentSchema, v.description("The start of the day of the last such event.")),
  sample: v.pipe(v.object({ session_id: v.string(), id: v.string() }), v.description("One of the first such events.")),
});

export const EventTypeSchema = v.object({
  ...EventTypeVersionSchema.entries,
  ...seenMembers,
  properties: DeclaredAnswer,
  shadow: v.pipe(
    v.nullable(v.array(ReportOnlySchema)),
    v.description(
      "What this version's schema would have rejected in report-only mode since it was registered. Null for a key that is limited to certain applications.",
    ),
  ),
});

export const VersionListSchema = v.object({
  results: v.pipe(v.array(EventTypeVersionSchema), v.description("Newest first.")),
  next: NextSchema,
});

const DAYS_RULE = "expected a whole number from 1 to 90";

export const DaysParameter = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,2}$/, DAYS_RULE),
    v.description("The number of days (UTC) to count, up to today, from 1 to 90."),
    v.transform(Number),
    v.minValue(1, DAYS_RULE),
    v.maxValue(90, DAYS_RULE),
  ),
  "30",
);

export const EventTypesParameters = v.object({ days: DaysParameter, limit: LimitParameter, cursor: CursorParameter });

export const EventTypeParameters = v.object({
  version: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,8}$/, "expected a version: a whole number from 1"),
      v.description("An older version. The default is the newest."),
      v.transform(Number),
    ),
  ),
  days: DaysParameter,
});

export const VersionsParameters = v.object({ limit: LimitParameter, cursor: CursorParameter });

/** The path of an event type. */
export const EventTypePathSchema = v.object(typeMembers);
