import { Hono } from "hono";
import { answer } from "../../http/answer";
import type { AppEnv } from "../../http/app-env";
import { requireScope } from "../../http/auth/authenticate";
import { problem, Refusal } from "../../http/problem";
import { takesNoParameters } from "../../http/request/no-parameters";
import { parseJsonBody } from "../../http/request/parse-json-body";
import { type AlertRule, isOfStorage, MAX_ALERTS } from "../../model/alert";
import { formatTimestamp } from "../../model/time/time";
import { refuseDestination } from "../../model/webhook-destination";
import { listDeliveries } from "../../storage/admin/alert-deliveries";
import { type Alert, deleteAlert, insertAlert, listAlerts, loadAlert } from "../../storage/admin/alerts";
import { databasesOf, firstDatabase } from "../../storage/core/databases";
import { CreateAlertSchema } from "./alert-schemas";

const DELIVERIES_SHOWN = 20;

/**
 * `/theeye/alerts`: rules that watch failures. Needs an admin key. A rule cannot be changed: delete it and create
 * another.
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
  const home = firstDatabase(databasesOf(c.env));
  const alert = await loadAlert(home, c.req.param("name"));
  if (alert === null) return noAlert();
  const deliveries = await listDeliveries(home, alert.name, DELIVERIES_SHOWN);
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

/** Failed events are counted over a window; what is watched of the storage has none, and belongs to no application. */
function refuseMisfit(rule: AlertRule): Response | null {
  const refuse = (parameter: string, why: string) =>
    problem("invalid_parameter", `The member ${parameter} cannot be taken: ${why}.`, { parameter });
  if (!isOfStorage(rule.threshold))
    return rule.window_minutes === undefined ? refuse("window_minutes", "it is missing") : null;
  const [wrong] = (["application", "category", "event_name", "window_minutes"] as const).filter(
    (member) => rule[member] !== undefined,
  );
  return wrong === undefined ? null : refuse(wrong, "it is for failed events, and this threshold is for the storage");
}

function noAlert(): Response {
  return problem("not_found", "There is no alert of this name.");
}

/** An alert without its secret, which only the response to its creation holds. */
function showAlert({ name, rule, createdAt, state, since }: Omit<Alert, "secret" | "episode" | "incarnation">) {
  return { name, ...rule, created_at: formatTimestamp(createdAt), state, since: formatTimestamp(since) };
}
