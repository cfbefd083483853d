import * as v from "valibot";
import { NextSchema } from "../../http/page";
import { CursorParameter } from "../../http/request/parameters";
import { ApplicationNameSchema } from "../../model/event/event";
import { BoundApplicationsSchema, ScopeSchema } from "../../model/keys/access-key";
import { OriginsSchema } from "../../model/keys/origin";

/** The schemas of requests and responses about applications and keys. The API reference is made from them. */

export const CreateApplicationSchema = v.strictObject({
  name: ApplicationNameSchema,
  origins: v.optional(v.nullable(OriginsSchema), null),
});

export const ChangeApplicationSchema = v.strictObject({
  origins: v.pipe(
    v.nullable(OriginsSchema),
    v.description(
      "The origins from which the application's write keys may send, both existing and future ones. Null allows any origin.",
    ),
  ),
});

export const CreateKeySchema = v.pipe(
  v.strictObject({
    scope: ScopeSchema,
    origins: v.pipe(
      v.optional(v.nullable(OriginsSchema)),
      v.description(
        "The origins from which the write key may send. Null allows any origin. If absent, the origins of the application's newest write key apply. The next write key takes them over.",
      ),
    ),
    applications: v.pipe(
      v.optional(v.nullable(BoundApplicationsSchema)),
      v.description(
        "The applications whose data the read key can read. Null allows all of them. If absent, those of the application's newest read key apply.",
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
  id: v.pipe(v.string(), v.description("Identifies the key when you revoke it.")),
  scope: ScopeSchema,
  hint: v.pipe(v.string(), v.description("The last four characters of the key.")),
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  origins: v.pipe(
    v.optional(v.nullable(OriginsSchema)),
    v.description("For a write key: the origins from which it may send. Null allows any origin."),
  ),
  applications: v.pipe(
    v.optional(v.nullable(BoundApplicationsSchema)),
    v.description(
      "For a read key: the applications whose data it can read. Null allows all of them, including future ones.",
    ),
  ),
};

export const KeySchema = v.object(keyMembers);

export const NewKeySchema = v.object({
  ...keyMembers,
  key: v.pipe(v.string(), v.description("The key itself. It is shown only in this response and is not stored.")),
  notice: v.optional(v.pipe(v.string(), v.description("A warning if the key allows more than it needs to."))),
});

const applicationMembers = {
  name: ApplicationNameSchema,
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  origins: v.pipe(
    v.nullable(OriginsSchema),
    v.description("The origins that the application's next write key takes over. Null allows any origin."),
  ),
};

export const ApplicationSchema = v.object({ ...applicationMembers, keys: v.array(KeySchema) });

export const NewApplicationSchema = v.object({ ...applicationMembers, keys: v.array(NewKeySchema) });

export const RotatedKeySchema = v.object({
  ...NewKeySchema.entries,
  revoked: v.pipe(v.array(KeySchema), v.description("The oldest key of the kind, if two keys were valid before.")),
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
    v.description(
      `The number of applications in a page, from 1 to ${MAX_APPLICATIONS_PER_PAGE}. The default is ${MAX_APPLICATIONS_PER_PAGE}.`,
    ),
  ),
  cursor: CursorParameter,
});
