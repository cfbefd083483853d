import type { AlertKind, AlertRule, Measurement } from "../model/alert";
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
  const { webhook: _, threshold, window_minutes, ...watched } = rule;
  const share = "share" in threshold ? { stored: measured.stored, share: shareOf(measured) } : {};
  const found = { failures: measured.failures, ...share };
  return { v: 1, id, kind, at: formatTimestamp(at), alert: { name, ...watched, threshold, window_minutes }, found };
}

/** The format of Slack's incoming webhooks. Slack ignores the metadata; other receivers can use the `id` in it. */
function slackBody({ id, kind, name, rule, measured }: Message): Record<string, unknown> {
  const { application = "any application", category = "any category", event_name = "any name" } = rule;
  const share = "share" in rule.threshold ? ` (${(shareOf(measured) * 100).toFixed(1)} % of the events)` : "";
  const title = kind === "begin" ? `Alert ${name} has begun` : `Alert ${name} has ended`;
  const where = `${application}, ${category} / ${event_name}`;
  const text = `${title}: ${measured.failures} failed events${share} in ${rule.window_minutes} min. ${where}`;
  return { text: escapeSlack(text), metadata: { event_type: "the_eye_alert", event_payload: { id, kind } } };
}

/** Slack reads these three characters as markup: <!channel> in a category would notify everybody. */
function escapeSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
