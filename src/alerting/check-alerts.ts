import type { Micros } from "../model/time/time";
import { type Alert, changeState, deliveryId, listAlerts } from "../storage/admin/alerts";
import { type Database, firstDatabase } from "../storage/core/databases";
import { messageOf } from "../storage/core/transport-errors";
import { type Courier, deliverDue } from "./deliver";
import { evaluate } from "./evaluate";
import { type Gauges, measure } from "./measure";
import { isDue } from "./measure-number";
import { webhookBody } from "./webhook-body";

export interface Alerting extends Omit<Courier, "first">, Gauges {
  log: (line: Record<string, unknown>) => void;
}

/**
 * Runs the alerts once, from cron: begins and ends alerts, then sends the messages that are due. Runs may overlap: only
 * one of them makes each change of state and each attempt to send. An alert that cannot be measured keeps its state.
 *
 * @param now the scheduled time of the run
 */
export async function checkAlerts(alerting: Alerting, now: Micros): Promise<void> {
  const first = firstDatabase(alerting.databases);
  const alerts = await listAlerts(first);
  const summary = { alerts: alerts.length, begun: 0, ended: 0, unmeasured: 0 };
  const reasons = new Set<string>();
  for (const alert of alerts) {
    try {
      const kind = await check(alerting, first, alert, now);
      if (kind === "begin") summary.begun += 1;
      if (kind === "end") summary.ended += 1;
    } catch (thrown) {
      summary.unmeasured += 1;
      reasons.add(messageOf(thrown));
    }
  }
  const sent = await deliverDue({ ...alerting, first }, now);
  if (summary.begun + summary.ended + summary.unmeasured + sent.delivered + sent.failed > 0) {
    alerting.log({ event: "alerts_checked", ...summary, reasons: [...reasons].slice(0, 5), ...sent });
  }
}

async function check(gauges: Gauges, first: Database, alert: Alert, now: Micros) {
  const { threshold } = alert.rule;
  if ("metric" in threshold && !isDue(threshold, now)) return null;
  const measured = await measure(gauges, alert.rule, now);
  const kind = evaluate(alert.state, threshold, measured);
  if (kind === null) return null;
  const { name, rule } = alert;
  const body = webhookBody({ id: deliveryId(alert, kind), kind, name, rule, measured, at: now });
  return (await changeState(first, alert, kind, { body, now })) ? kind : null;
}
