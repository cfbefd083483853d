import * as v from "valibot";
import { CategorySchema, NameSchema } from "./event";

/** The rules that events are validated against. The first database holds all versions of event types and settings. */

/**
 * `reject` on a registered type retires it. As the default, `reject` makes events of unregistered types
 * `unplanned_event`.
 */
export const ModeSchema = v.picklist(["accept", "reject"], "expected accept or reject");

/** `shadow` is report-only: the schema rejects nothing, and what it would have rejected is counted. */
export const SchemaModeSchema = v.picklist(["enforce", "shadow"], "expected enforce or shadow");

export const EventTypeRuleSchema = v.object({
  category: CategorySchema,
  name: NameSchema,
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  mode: ModeSchema,
  schema_mode: SchemaModeSchema,
  /** A JSON Schema for the payload, as text. Null: any payload. */
  schema: v.nullable(v.string()),
});

export type Mode = v.InferOutput<typeof ModeSchema>;
export type SchemaMode = v.InferOutput<typeof SchemaModeSchema>;
export type EventTypeRule = v.InferOutput<typeof EventTypeRuleSchema>;

/** All rules that are in force at one time. */
export interface RuleBook {
  /** How events of an unregistered type are treated. */
  unregistered: Mode;
  types: EventTypeRule[];
}
