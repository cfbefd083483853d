import type { AlertKind } from "../../model/alerts/alert";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

export type DeliveryStatus = "pending" | "delivered" | "failed";

/** A message to a webhook. */
export interface Delivery {
  id: string;
  alert: string;
  kind: AlertKind;
  createdAt: Micros;
  status: DeliveryStatus;
  attempts: number;
  outcome: string | null;
}

/** A message that is due, with its destination. */
export interface DueDelivery {
  id: string;
  body: string;
  attempts: number;
  rule: string;
  secret: string;
}

/** The messages that are due, oldest first. Of each alert only the oldest, so that an end never overtakes its begin. */
export async function dueDeliveries({ binding }: Database, now: Micros, limit: number): Promise<DueDelivery[]> {
  const { results } = await binding
    .prepare(
      `SELECT due.id, due.body, due.attempts, alerts.rule, alerts.secret
       FROM alert_deliveries AS due INDEXED BY alert_deliveries_pending JOIN alerts ON alerts.name = due.alert
       WHERE due.status = 'pending' AND due.next_attempt_at <= ?1 AND NOT EXISTS (
         SELECT 1 FROM alert_deliveries AS earlier
         WHERE earlier.alert = due.alert AND earlier.created_at < due.created_at AND earlier.status = 'pending')
       ORDER BY due.next_attempt_at LIMIT ?2`,
    )
    .bind(now, limit)
    .all<DueDelivery>();
  return results;
}

/**
 * Claims an attempt of a message before it is made. Of two concurrent crons only one gets it, and an attempt that
 * crashes still counts.
 *
 * @param next when the message may be tried again
 */
export async function claimDelivery(
  { binding }: Database,
  { id, attempts }: Pick<DueDelivery, "id" | "attempts">,
  next: Micros,
): Promise<boolean> {
  const { meta } = await binding
    .prepare(
      `UPDATE alert_deliveries SET attempts = attempts + 1, next_attempt_at = ?3
       WHERE id = ?1 AND attempts = ?2 AND status = 'pending'`,
    )
    .bind(id, attempts, next)
    .run();
  return meta.changes > 0;
}

/** Records the result of an attempt. A delivered message stays delivered, whatever a concurrent attempt reports. */
export async function recordDelivery(
  { binding }: Database,
  id: string,
  { status, outcome }: { status: DeliveryStatus; outcome: string },
): Promise<void> {
  await binding
    .prepare("UPDATE alert_deliveries SET status = ?2, outcome = ?3 WHERE id = ?1 AND status <> 'delivered'")
    .bind(id, status, outcome)
    .run();
}

/** The newest messages of an alert. */
export async function listDeliveries({ binding }: Database, alert: string, limit: number): Promise<Delivery[]> {
  const { results } = await binding
    .prepare(
      `SELECT id, alert, kind, created_at AS createdAt, status, attempts, outcome FROM alert_deliveries
       WHERE alert = ?1 ORDER BY created_at DESC LIMIT ?2`,
    )
    .bind(alert, limit)
    .all<Delivery>();
  return results;
}
