import * as v from "valibot";
import { ApplicationNameSchema, CategorySchema, NameSchema } from "./event/event";

/** Each is evaluated every minute, so their number bounds the work of a tick. */
export const MAX_ALERTS = 100;

export const AlertNameSchema = v.pipe(
  v.string(),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "expected 1 to 64 of A-Z a-z 0-9 . _ -, beginning with one of A-Z a-z 0-9",
  ),
);

const count = (least: number, max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(max));

/** Begins at so many failures, or at such a share of failures among all events, given so many failures at least. */
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

/** What is watched (what is not named: any), when it begins, and who is notified. */
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

/** The events of an alert's window: failed by receipt, stored by occurrence. `stored` is 0 where no share is asked for. */
export interface Measurement {
  failures: number;
  stored: number;
}

export type AlertState = "ok" | "firing";
export type AlertKind = "begin" | "end";
