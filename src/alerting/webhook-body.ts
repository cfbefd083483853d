import type { AlertKind, AlertRule, Failures, Measurement, Threshold } from "../model/alerts/alert";
import type { NumberMeasurement } from "../model/alerts/number-threshold";
import { formatTimestamp, type Micros } from "../model/time/time";
import { shareOf } from "./evaluate";

/** The content of an alert message. */
export interface Message {
  /** The same at every attempt, so that a receiver can drop duplicates. */
  id: string;
  kind: AlertKind;
  name: string;
  rule: AlertRule;
  measured: Measurement;
  at: Micros;
}

/** The message in the webhook's format, as JSON. */
export function webhookBody(message: Message): string {
  return JSON.stringify(message.rule.webhook.format === "slack" ? slackBody(message) : genericBody(message));
}

function genericBody({ id, kind, name, rule, measured, at }: Message): Record<string, unknown> {
  const { webhook: _, ...watched } = rule;
  return { v: 1, id, kind, at: formatTimestamp(at), alert: { name, ...watched }, found: foundOf(rule, measured) };
}

function foundOf({ threshold }: AlertRule, measured: Measurement): Record<string, unknown> {
  if ("usual" in measured) return "change" in threshold ? { ...measured } : { value: measured.value };
  // The member has the same name as in the threshold.
  if ("value" in measured) return Object.fromEntries(Object.keys(threshold).map((name) => [name, measured.value]));
  const share = "share" in threshold ? { stored: measured.stored, share: shareOf(measured) } : {};
  return { failures: measured.failures, ...share };
}

/** The format of Slack's incoming webhooks. Slack ignores the metadata; other receivers can use the `id` in it. */
function slackBody({ id, kind, name, rule, measured }: Message): Record<string, unknown> {
  const title = kind === "begin" ? `Alert ${name} has begun` : `Alert ${name} has ended`;
  const text = `${title}: ${textOf(rule, measured)}`;
  return { text: escapeSlack(text), metadata: { event_type: "the_eye_alert", event_payload: { id, kind } } };
}

function textOf(rule: AlertRule, measured: Measurement): string {
  if ("failures" in measured) return failuresText(rule, measured);
  return "usual" in measured ? numberText(rule, measured) : storageText(rule.threshold, measured.value);
}

function numberText(rule: AlertRule, { value, usual }: NumberMeasurement): string {
  const { threshold } = rule;
  const metric = "metric" in threshold ? threshold.metric : "";
  return `${metric} ${value}${"change" in threshold ? `, usually ${usual}` : ""} ${placeOf(rule)}`;
}

function placeOf({ application, category, event_name: name, window_minutes: minutes = 1 }: AlertRule): string {
  return `in ${minutes} min. ${application ?? "any application"}, ${category ?? "any category"} / ${name ?? "any name"}`;
}

function storageText(threshold: Threshold, value: number | null): string {
  if (value === null) return "there is nothing to measure.";
  const rounded = Math.round(value * 10) / 10;
  if ("days_left" in threshold) return `a database is full in ${rounded} days.`;
  if ("backlog" in threshold) return `${rounded} messages are waiting to be stored.`;
  return `events have been waiting to be archived for ${rounded} hours.`;
}

function failuresText(rule: AlertRule, measured: Failures): string {
  const share = "share" in rule.threshold ? ` (${(shareOf(measured) * 100).toFixed(1)} % of the events)` : "";
  return `${measured.failures} failed events${share} ${placeOf(rule)}`;
}

/** Slack reads these three characters as markup: <!channel> in a category would notify everybody. */
function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
