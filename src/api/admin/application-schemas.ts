import * as v from "valibot";
import { NextSchema } from "../../http/page";
import { CursorParameter } from "../../http/request/parameters";
import { BoundApplicationsSchema, ScopeSchema } from "../../model/access-key";
import { ApplicationNameSchema } from "../../model/event/event";
import { OriginsSchema } from "../../model/origin";

/** What the administration of applications takes and answers; the API reference is made from these. */

export const CreateApplicationSchema = v.strictObject({
  name: ApplicationNameSchema,
  origins: v.optional(v.nullable(OriginsSchema), null),
});

export const ChangeApplicationSchema = v.strictObject({
  origins: v.pipe(
    v.nullable(OriginsSchema),
    v.description("From where its write keys may send, those that it has and those to come; null: from anywhere."),
  ),
});

export const CreateKeySchema = v.pipe(
  v.strictObject({
    scope: ScopeSchema,
    origins: v.pipe(
      v.optional(v.nullable(OriginsSchema)),
      v.description(
        "From where the write key may send; null: from anywhere. Without it, as the application's newest write key. The next write key takes them over.",
      ),
    ),
    applications: v.pipe(
      v.optional(v.nullable(BoundApplicationsSchema)),
      v.description(
        "The applications that the read key sees; null: all of them. Without it, as the application's newest read key.",
      ),
    ),
  }),
  v.forward(
    v.check(({ scope, origins }) => origins === undefined || scope === "write", "only a write key takes origins"),
    ["origins"],
  ),
  v.forward(
    v.check(
      ({ scope, applications }) => applications === undefined || scope === "read",
      "only a read key is bound to applications",
    ),
    ["applications"],
  ),
);

const keyMembers = {
  id: v.pipe(v.string(), v.description("Names the key, for revoking it.")),
  scope: ScopeSchema,
  hint: v.pipe(v.string(), v.description("The key's last four characters.")),
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  origins: v.pipe(
    v.optional(v.nullable(OriginsSchema)),
    v.description("Of a write key: from where it may send; null: from anywhere."),
  ),
  applications: v.pipe(
    v.optional(v.nullable(BoundApplicationsSchema)),
    v.description("Of a read key: the applications that it sees; null: all of them, also those to come."),
  ),
};

export const KeySchema = v.object(keyMembers);

export const NewKeySchema = v.object({
  ...keyMembers,
  key: v.pipe(v.string(), v.description("The key itself. It is shown this once and stored nowhere.")),
  notice: v.optional(v.pipe(v.string(), v.description("What to know of a key that allows more than it need."))),
});

const applicationMembers = {
  name: ApplicationNameSchema,
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  origins: v.pipe(
    v.nullable(OriginsSchema),
    v.description("What its next write key takes over; null: it may send from anywhere."),
  ),
};

export const ApplicationSchema = v.object({ ...applicationMembers, keys: v.array(KeySchema) });

export const NewApplicationSchema = v.object({ ...applicationMembers, keys: v.array(NewKeySchema) });

export const RotatedKeySchema = v.object({
  ...NewKeySchema.entries,
  revoked: v.pipe(v.array(KeySchema), v.description("The oldest key of the kind, where two were live before.")),
});

export const ApplicationPageSchema = v.object({ results: v.array(ApplicationSchema), next: NextSchema });

export const MAX_APPLICATIONS_PER_PAGE = 100;

const PAGE_SIZE = `expected a whole number from 1 to ${MAX_APPLICATIONS_PER_PAGE}`;

export const ApplicationsParameters = v.object({
  limit: v.pipe(
    v.optional(v.string(), String(MAX_APPLICATIONS_PER_PAGE)),
    v.regex(/^\d{1,3}$/, PAGE_SIZE),
    v.toNumber(),
    v.minValue(1, PAGE_SIZE),
    v.maxValue(MAX_APPLICATIONS_PER_PAGE, PAGE_SIZE),
    v.description(`Applications in a page: 1 to ${MAX_APPLICATIONS_PER_PAGE}, which is also the default.`),
  ),
  cursor: CursorParameter,
});
