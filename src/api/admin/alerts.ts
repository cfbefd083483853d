import { Hono } from "hono";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { requireScope } from "../../http/auth/authenticate";
import { problem, Refusal } from "../../http/problem";
import { takesNoParameters } from "../../http/request/no-parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { namedIn, refuseUnknownMembers } from "../../http/request/unknown-application";
import { type AlertRule, isOfStorage, MAX_ALERTS } from "../../model/alerts/alert";
import { refuseDestination } from "../../model/alerts/webhook-destination";
import { formatTimestamp } from "../../model/time/time";
import { listDeliveries } from "../../storage/admin/alert-deliveries";
import { type Alert, deleteAlert, insertAlert, listAlerts, loadAlert } from "../../storage/admin/alerts";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import { CreateAlertSchema } from "./alert-schemas";

const DELIVERIES_SHOWN = 20;

/**
 * `/theeye/alerts`: alerts on failures, numbers and storage. Needs an admin key. An alert cannot be changed: delete it
 * and create another.
 */
export const alerts = new Hono<AppEnv>({ strict: false });

alerts.use(requireScope("admin"), takesNoParameters);

alerts.post("/", async (c) => {
  const input = await parseJsonBody(c.req.raw, CreateAlertSchema);
  if (input instanceof Refusal) return input.response();
  const { name, ...rule } = input;
  const refused = refuseDestination(rule.webhook.url, c.var.config.alertsAllowInsecureHosts);
  if (refused !== null) {
    const detail = `The member webhook.url is not allowed: ${refused}.`;
    return problem("invalid_parameter", detail, { parameter: "webhook.url" });
  }
  const misfit = refuseMisfit(rule);
  if (misfit !== null) return misfit;
  const unknown = await refuseUnknownMembers(databasesOf(c.env), namedIn("application", rule));
  if (unknown !== null) return unknown.response();
  const secret = `eye_s_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url")}`;
  const alert = { name, rule, secret, createdAt: Date.now() * 1000, incarnation: crypto.randomUUID() };
  const created = await insertAlert(firstDatabase(databasesOf(c.env)), alert);
  if (created === "exists") return problem("conflict", `The alert ${name} exists already.`);
  if (created === "full") return problem("conflict", `There are ${MAX_ALERTS} alerts already, which is the limit.`);
  const shown = showAlert({ ...alert, state: "ok", since: alert.createdAt });
  return c.json({ ...shown, secret }, 201, { Location: `/theeye/alerts/${name}`, "Cache-Control": "no-store" });
});

alerts.get("/", async (c) => {
  return answer({ results: (await listAlerts(firstDatabase(databasesOf(c.env)))).map(showAlert) });
});

alerts.get("/:name", async (c) => {
  const first = firstDatabase(databasesOf(c.env));
  const alert = await loadAlert(first, c.req.param("name"));
  if (alert === null) return noAlert();
  const deliveries = await listDeliveries(first, alert.name, DELIVERIES_SHOWN);
  const shown = deliveries.map(({ createdAt, alert: _, ...rest }) => ({
    ...rest,
    created_at: formatTimestamp(createdAt),
  }));
  return answer({ ...showAlert(alert), deliveries: shown });
});

alerts.delete("/:name", async (c) => {
  const removed = await deleteAlert(firstDatabase(databasesOf(c.env)), c.req.param("name"));
  return removed ? c.body(null, 204) : noAlert();
});

/** Alerts on events need a window. Alerts on storage have neither a window nor filters. */
function refuseMisfit(rule: AlertRule): Response | null {
  const refuse = (parameter: string, why: string) =>
    problem("invalid_parameter", `The member ${parameter} is not valid: ${why}.`, { parameter });
  if (!isOfStorage(rule.threshold))
    return rule.window_minutes === undefined ? refuse("window_minutes", "it is missing") : null;
  const [wrong] = (["application", "category", "event_name", "window_minutes"] as const).filter(
    (member) => rule[member] !== undefined,
  );
  return wrong === undefined ? null : refuse(wrong, "it selects events, and this threshold watches the storage");
}

function noAlert(): Response {
  return problem("not_found", "There is no alert with this name.");
}

/** An alert without its secret, which only the response to its creation holds. */
function showAlert({ name, rule, createdAt, state, since }: Omit<Alert, "secret" | "episode" | "incarnation">) {
  return { name, ...rule, created_at: formatTimestamp(createdAt), state, since: formatTimestamp(since) };
}
