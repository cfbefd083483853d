import * as v from "valibot";
import { CategorySchema, NameSchema } from "./event";

/** What events are validated by. The versions of event types and settings stand in the first database. */

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

export type Mode = v.InferOutput<typeof ModeSchema>;
export type SchemaMode = v.InferOutput<typeof SchemaModeSchema>;
export type EventTypeRule = v.InferOutput<typeof EventTypeRuleSchema>;

/** All rules that are in force at one moment. */
export interface RuleBook {
  /** What becomes of events of an unregistered type. */
  unregistered: Mode;
  types: EventTypeRule[];
}
