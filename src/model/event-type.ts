import * as v from "valibot";
import { CategorySchema, NameSchema } from "./event";

/**
 * What the pipeline and the dry run know of event types. The rule book is written from D1 into KV (binding `KEYS`, key
 * `rules`) whenever a type or a setting changes.
 */

/** `reject` on a registered type: it is retired. As the default: an unregistered type is `unplanned_event`. */
export const ModeSchema = v.picklist(["accept", "reject"], "expected accept or reject");

/** `shadow`: the schema changes no verdict; what it would have rejected is counted. */
export const SchemaModeSchema = v.picklist(["enforce", "shadow"], "expected enforce or shadow");

export const EventTypeRuleSchema = v.object({
  category: CategorySchema,
  name: NameSchema,
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  mode: ModeSchema,
  schema_mode: SchemaModeSchema,
  /** A JSON Schema for the payload as text, or null: any payload. */
  schema: v.nullable(v.string()),
});

export const RuleBookSchema = v.object({
  v: v.literal(1),
  /** Grows with every change. */
  revision: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  unregistered: ModeSchema,
  types: v.array(EventTypeRuleSchema),
});

export type Mode = v.InferOutput<typeof ModeSchema>;
export type SchemaMode = v.InferOutput<typeof SchemaModeSchema>;
export type EventTypeRule = v.InferOutput<typeof EventTypeRuleSchema>;
export type RuleBook = v.InferOutput<typeof RuleBookSchema>;

/** The key of KV under which the rule book stands. */
export const RULES_KEY = "rules";
