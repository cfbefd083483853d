import * as v from "valibot";
import { ApplicationNameSchema, CategorySchema, NameSchema } from "../event/event";
import {
  AboveSchema,
  BelowSchema,
  ChangeSchema,
  NUMBER_THRESHOLD_RULE,
  type NumberMeasurement,
} from "./number-threshold";

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

/** On failed events: their number, or their share of all events with a minimum number of failures. */
const FAILURE_THRESHOLDS = [
  v.strictObject({ failures: count(1, 1_000_000_000) }),
  v.strictObject({
    share: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    at_least: v.optional(count(1, 1_000_000_000), 1),
  }),
] as const;

/** On the whole deployment: days until a database is full, messages waiting to be stored, or hours that archiving is late. */
const STORAGE_THRESHOLDS = [
  v.strictObject({ days_left: count(1, 3_650) }),
  v.strictObject({ backlog: count(1, 1_000_000_000) }),
  v.strictObject({ archive_hours: count(1, 10_000) }),
] as const;

/** When an alert begins. */
export const ThresholdSchema = v.union(
  [...FAILURE_THRESHOLDS, ...STORAGE_THRESHOLDS, AboveSchema, BelowSchema, ChangeSchema],
  `expected {"failures": 5}, or {"share": 0.1, "at_least": 20} with a share above 0 and up to 1, or {"days_left": 7}, {"backlog": 10000} or {"archive_hours": 6}, in whole numbers from 1; or ${NUMBER_THRESHOLD_RULE}`,
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
  /** For alerts on failed or stored events, not on storage. */
  window_minutes: v.optional(count(1, 1_440)),
  webhook: WebhookSchema,
});

export type AlertRule = v.InferOutput<typeof AlertRuleSchema>;
export type Threshold = v.InferOutput<typeof ThresholdSchema>;
export type WebhookFormat = AlertRule["webhook"]["format"];

export type StorageThreshold = v.InferOutput<(typeof STORAGE_THRESHOLDS)[number]>;

export function isOfStorage(threshold: Threshold): threshold is StorageThreshold {
  return "days_left" in threshold || "backlog" in threshold || "archive_hours" in threshold;
}

/** The events of an alert's window: failed and stored ones, both by receipt. `stored` is 0 if the threshold is not a share. */
export interface Failures {
  failures: number;
  stored: number;
}

/** What an alert measured. For storage: days, messages or hours; null if there is nothing to measure. */
export type Measurement = Failures | { value: number | null } | NumberMeasurement;

export type AlertState = "ok" | "firing";
export type AlertKind = "begin" | "end";
