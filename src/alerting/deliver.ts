import * as v from "valibot";
import { AlertRuleSchema } from "../model/alerts/alert";
import { refuseDestination } from "../model/alerts/webhook-destination";
import type { Micros } from "../model/time/time";
import { MINUTE_MICROS } from "../model/time/units";
import { claimDelivery, type DueDelivery, dueDeliveries, recordDelivery } from "../storage/admin/alert-deliveries";
import type { Database } from "../storage/core/databases";
import { signMessage } from "./signature";

export const MAX_ATTEMPTS = 10;

/** Messages in one run. The others are sent in the next one. */
const MAX_DELIVERIES_PER_TICK = 50;

/** The platform allows six connections at once. */
const CONNECTIONS = 6;

const TIMEOUT_MS = 10_000;

/** Cron may run early. Half a minute of slack keeps an attempt from being skipped by the next run. */
const SLACK: Micros = MINUTE_MICROS / 2;

export interface Courier {
  first: Database;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  allowInsecureHosts: boolean;
  /** The current time in microseconds, for the signature. */
  clock: () => Micros;
}

/** The delay between two attempts: 1, 2, 4 … minutes, at most an hour. */
export function backoff(attempts: number): Micros {
  return Math.min(2 ** (attempts - 1), 60) * MINUTE_MICROS - SLACK;
}

/** Tries to send every message that is due, once. */
export async function deliverDue(courier: Courier, now: Micros): Promise<{ delivered: number; failed: number }> {
  const due = await dueDeliveries(courier.first, now, MAX_DELIVERIES_PER_TICK);
  const summary = { delivered: 0, failed: 0 };
  for (let start = 0; start < due.length; start += CONNECTIONS) {
    const results = await Promise.all(due.slice(start, start + CONNECTIONS).map((one) => deliver(courier, one, now)));
    for (const result of results) if (result !== null) summary[result] += 1;
  }
  return summary;
}

async function deliver(courier: Courier, due: DueDelivery, now: Micros): Promise<"delivered" | "failed" | null> {
  const attempts = due.attempts + 1;
  if (!(await claimDelivery(courier.first, due, now + backoff(attempts)))) return null;
  const { ok, outcome } = await post(courier, due);
  const status = ok ? "delivered" : attempts >= MAX_ATTEMPTS ? "failed" : "pending";
  await recordDelivery(courier.first, due.id, { status, outcome });
  return ok ? "delivered" : "failed";
}

async function post(courier: Courier, due: DueDelivery): Promise<{ ok: boolean; outcome: string }> {
  const { url } = v.parse(AlertRuleSchema, JSON.parse(due.rule)).webhook;
  // Checked again, since the rules for destinations may have changed after the alert was created.
  const refused = refuseDestination(url, courier.allowInsecureHosts);
  if (refused !== null) return { ok: false, outcome: `refused: ${refused}` };
  const timestamp = Math.floor(courier.clock() / 1_000_000);
  const headers = {
    "Content-Type": "application/json",
    "User-Agent": "The-Eye",
    "X-Eye-Id": due.id,
    "X-Eye-Timestamp": String(timestamp),
    "X-Eye-Signature": await signMessage(due.secret, timestamp, due.body),
  };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    // A redirect could lead to an address that is refused.
    const response = await courier.fetch(url, { method: "POST", headers, body: due.body, redirect: "manual", signal });
    await response.body?.cancel();
    return { ok: response.ok, outcome: `answered ${response.status}` };
  } catch (error) {
    return {
      ok: false,
      outcome: error instanceof Error && error.name === "TimeoutError" ? "timed out" : "unreachable",
    };
  }
}
