import * as v from "valibot";
import { ApplicationNameSchema, CategorySchema, NameSchema } from "./event/event";

/** Every alert is evaluated each minute, so this bounds the work of one cron run. */
export const MAX_ALERTS = 100;

export const AlertNameSchema = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "expected 1 to 64 of A-Z a-z 0-9 . _ -, beginning with one of A-Z a-z 0-9",
  ),
);

const count = (least: number, max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(max));

/** When an alert begins: at a number of failures, or at a share of all events with a minimum number of failures. */
export const ThresholdSchema = v.union(
  [
    v.strictObject({ failures: count(1, 1_000_000_000) }),
    v.strictObject({
      share: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
      at_least: v.optional(count(1, 1_000_000_000), 1),
    }),
  ],
  'expected {"failures": 5}, or {"share": 0.1, "at_least": 20} with a share above 0 and up to 1; whole numbers from 1',
);

export const WebhookSchema = v.strictObject({
  url: v.pipe(v.string(), v.maxLength(2_000)),
  format: v.optional(v.picklist(["json", "slack"], "expected json or slack"), "json"),
});

/** The events that an alert watches (an absent filter matches any), its threshold, and the webhook to notify. */
export const AlertRuleSchema = v.strictObject({
  application: v.optional(ApplicationNameSchema),
  category: v.optional(CategorySchema),
  event_name: v.optional(NameSchema),
  threshold: ThresholdSchema,
  window_minutes: count(1, 1_440),
  webhook: WebhookSchema,
});

export type AlertRule = v.InferOutput<typeof AlertRuleSchema>;
export type Threshold = v.InferOutput<typeof ThresholdSchema>;
export type WebhookFormat = AlertRule["webhook"]["format"];

/**
 * The events in an alert's window: failures by time of receipt, stored events by time of occurrence. `stored` is 0 if
 * the threshold is not a share.
 */
export interface Measurement {
  failures: number;
  stored: number;
}

export type AlertState = "ok" | "firing";
export type AlertKind = "begin" | "end";
