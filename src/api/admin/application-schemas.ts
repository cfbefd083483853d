import * as v from "valibot";
import { OriginsSchema, ScopeSchema } from "../../http/auth/keys";
import { ApplicationNameSchema } from "../../model/event/event";

/** What the administration of applications takes and answers; the API reference is made from these. */

export const CreateApplicationSchema = v.strictObject({
  name: ApplicationNameSchema,
  origins: v.optional(OriginsSchema),
});

export const CreateKeySchema = v.pipe(
  v.strictObject({ scope: ScopeSchema, origins: v.optional(OriginsSchema) }),
  v.forward(
    v.check(({ scope, origins }) => origins === undefined || scope === "write", "only a write key takes origins"),
    ["origins"],
  ),
);

const keyMembers = {
  id: v.pipe(v.string(), v.description("Names the key, for revoking it.")),
  scope: ScopeSchema,
  hint: v.pipe(v.string(), v.description("The key's last four characters.")),
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  origins: v.optional(OriginsSchema),
};

export const KeySchema = v.object(keyMembers);

export const NewKeySchema = v.object({
  ...keyMembers,
  key: v.pipe(v.string(), v.description("The key itself. It is shown this once and stored nowhere.")),
});

const applicationMembers = { name: ApplicationNameSchema, created_at: v.pipe(v.string(), v.isoTimestamp()) };

export const ApplicationSchema = v.object({ ...applicationMembers, keys: v.array(KeySchema) });

export const NewApplicationSchema = v.object({ ...applicationMembers, keys: v.array(NewKeySchema) });

export const RotatedKeySchema = v.object({
  ...NewKeySchema.entries,
  revoked: v.pipe(v.array(KeySchema), v.description("The oldest key of the scope, where two were live before.")),
});

export const ApplicationPageSchema = v.object({
  results: v.array(ApplicationSchema),
  next: v.nullable(v.pipe(v.string(), v.description("The URL of the next page, or null on the last."))),
});

/** KV reads at most 100 records in one operation. */
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
  cursor: v.optional(v.pipe(v.string(), v.maxLength(1_000), v.description("Where the page begins: from `next`."))),
});
