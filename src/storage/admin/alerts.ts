import * as v from "valibot";
import { type AlertKind, type AlertRule, AlertRuleSchema, type AlertState, MAX_ALERTS } from "../../model/alerts/alert";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

/** An alert with its state. */
export interface Alert {
  name: string;
  rule: AlertRule;
  secret: string;
  createdAt: Micros;
  state: AlertState;
  since: Micros;
  episode: number;
  incarnation: string;
}

/** The result of creating an alert. */
export type Creation = "created" | "exists" | "full";

/** Alerts are in the first database and are read from its primary. All functions here throw what D1 throws. */
export async function insertAlert(
  { binding }: Database,
  alert: Pick<Alert, "name" | "rule" | "secret" | "createdAt" | "incarnation">,
): Promise<Creation> {
  const { name, rule, secret, createdAt, incarnation } = alert;
  const { meta } = await binding
    .prepare(
      `INSERT INTO alerts (name, rule, secret, created_at, state, since, episode, incarnation)
       SELECT ?1, ?2, ?3, ?4, 'ok', ?4, 0, ?5 WHERE (SELECT count(*) FROM alerts) < ?6 ON CONFLICT DO NOTHING`,
    )
    .bind(name, JSON.stringify(rule), secret, createdAt, incarnation, MAX_ALERTS)
    .run();
  if (meta.changes > 0) return "created";
  return (await loadAlert({ index: 0, binding }, name)) === null ? "full" : "exists";
}

export async function loadAlert({ binding }: Database, name: string): Promise<Alert | null> {
  const row = await binding.prepare("SELECT * FROM alerts WHERE name = ?1").bind(name).first<AlertRow>();
  return row === null ? null : toAlert(row);
}

/** All alerts by name: at most MAX_ALERTS. */
export async function listAlerts({ binding }: Database): Promise<Alert[]> {
  const { results } = await binding.prepare("SELECT * FROM alerts ORDER BY name").all<AlertRow>();
  return results.map(toAlert);
}

/** Removes an alert with its messages, including those that are pending. */
export async function deleteAlert({ binding }: Database, name: string): Promise<boolean> {
  const [, removed] = await binding.batch([
    binding.prepare("DELETE FROM alert_deliveries WHERE alert = ?1").bind(name),
    binding.prepare("DELETE FROM alerts WHERE name = ?1").bind(name),
  ]);
  return (removed?.meta.changes ?? 0) > 0;
}

/**
 * A message's id. It is deterministic, so that the message is inserted only once. A begin belongs to the episode
 * that it opens.
 */
export function deliveryId({ incarnation, episode }: Alert, kind: AlertKind): string {
  return `${incarnation}:${kind === "begin" ? episode + 1 : episode}:${kind}`;
}

/**
 * Begins or ends an alert, with its message, in one transaction, unless the state has changed since `alert` was
 * read.
 *
 * @returns whether this call made the change
 */
export async function changeState(
  { binding }: Database,
  alert: Alert,
  kind: AlertKind,
  { body, now }: { body: string; now: Micros },
): Promise<boolean> {
  const held = [alert.name, alert.incarnation, alert.state, alert.episode];
  const [, changed] = await binding.batch([
    binding
      .prepare(
        `INSERT INTO alert_deliveries (id, alert, created_at, kind, body, status, attempts, next_attempt_at)
         SELECT ?5, name, ?6, ?7, ?8, 'pending', 0, ?6 FROM alerts
         WHERE name = ?1 AND incarnation = ?2 AND state = ?3 AND episode = ?4`,
      )
      .bind(...held, deliveryId(alert, kind), now, kind, body),
    binding
      .prepare(
        `UPDATE alerts SET state = ?5, since = ?6, episode = episode + ?7
         WHERE name = ?1 AND incarnation = ?2 AND state = ?3 AND episode = ?4`,
      )
      .bind(...held, kind === "begin" ? "firing" : "ok", now, kind === "begin" ? 1 : 0),
  ]);
  return (changed?.meta.changes ?? 0) > 0;
}

interface AlertRow {
  name: string;
  rule: string;
  secret: string;
  created_at: number;
  state: AlertState;
  since: number;
  episode: number;
  incarnation: string;
}

function toAlert({ rule, created_at, ...row }: AlertRow): Alert {
  return { ...row, createdAt: created_at, rule: v.parse(AlertRuleSchema, JSON.parse(rule)) };
}
