import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  claimDelivery,
  type DueDelivery,
  dueDeliveries,
  listDeliveries,
  recordDelivery,
} from "../../../src/storage/admin/alert-deliveries";
import { changeState, insertAlert, loadAlert } from "../../../src/storage/admin/alerts";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MINUTE, MORNING } from "../seed";

const home = firstDatabase(databasesOf(env));

/** Creates an alert that begins at one time and, if given, ends at another. */
async function alertThat(name: string, begins: number, ends?: number): Promise<void> {
  const webhook = { url: "https://hooks.example.com", format: "json" as const };
  const rule = { threshold: { failures: 3 }, window_minutes: 5, webhook };
  await insertAlert(home, { name, rule, secret: "secret", createdAt: MORNING, incarnation: name });
  await change(name, "begin", begins);
  if (ends !== undefined) await change(name, "end", ends);
}

async function change(name: string, kind: "begin" | "end", now: number): Promise<void> {
  const alert = await loadAlert(home, name);
  if (alert === null) throw new Error("the alert is gone");
  await changeState(home, alert, kind, { body: `${name} ${kind}`, now });
}

async function due(now: number, limit = 9): Promise<DueDelivery[]> {
  return dueDeliveries(home, now, limit);
}

const idsOf = (deliveries: { id: string }[]) => deliveries.map(({ id }) => id);

beforeEach(async () => {
  await home.binding.batch(["alerts", "alert_deliveries"].map((table) => home.binding.prepare(`DELETE FROM ${table}`)));
});

describe("the due messages", () => {
  it("are the oldest of each alert, with everything needed to send them", async () => {
    await alertThat("a", MORNING + 1, MORNING + 2);
    await alertThat("b", MORNING);
    const found = await due(MORNING + MINUTE);
    expect(idsOf(found)).toEqual(["b:1:begin", "a:1:begin"]);
    expect(found[1]).toMatchObject({ body: "a begin", attempts: 0, secret: "secret" });
    expect(JSON.parse(found[1]?.rule ?? "")).toMatchObject({ webhook: { url: "https://hooks.example.com" } });
    expect(idsOf(await due(MORNING + MINUTE, 1))).toEqual(["b:1:begin"]);
  });

  it("exclude the end of an alert until its begin is delivered or has failed permanently", async () => {
    await alertThat("a", MORNING, MORNING + 1);
    await recordDelivery(home, "a:1:begin", { status: "pending", outcome: "answered 500" });
    expect(idsOf(await due(MORNING + MINUTE))).toEqual(["a:1:begin"]);
    await recordDelivery(home, "a:1:begin", { status: "failed", outcome: "answered 500" });
    expect(idsOf(await due(MORNING + MINUTE))).toEqual(["a:1:end"]);
  });

  it("exclude messages whose next attempt is later", async () => {
    await alertThat("a", MORNING);
    const [one] = await due(MORNING);
    if (one === undefined) throw new Error("nothing is due");
    await claimDelivery(home, one, MORNING + MINUTE);
    expect(await due(MORNING + MINUTE - 1)).toEqual([]);
    expect(await due(MORNING + MINUTE)).toMatchObject([{ attempts: 1 }]);
  });
});

describe("an attempt of a message", () => {
  it("is claimed by only one of two senders", async () => {
    await alertThat("a", MORNING);
    const [one] = await due(MORNING);
    if (one === undefined) throw new Error("nothing is due");
    const taken = await Promise.all([1, 2].map(() => claimDelivery(home, one, MORNING + MINUTE)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it("does not undo a delivery by another sender when its response is late", async () => {
    await alertThat("a", MORNING);
    await recordDelivery(home, "a:1:begin", { status: "delivered", outcome: "answered 200" });
    await recordDelivery(home, "a:1:begin", { status: "pending", outcome: "timed out" });
    expect(await listDeliveries(home, "a", 9)).toMatchObject([{ status: "delivered", outcome: "answered 200" }]);
  });
});

it("listDeliveries returns the newest messages of an alert first", async () => {
  await alertThat("a", MORNING, MORNING + MINUTE);
  await change("a", "begin", MORNING + 2 * MINUTE);
  expect(idsOf(await listDeliveries(home, "a", 2))).toEqual(["a:2:begin", "a:1:end"]);
});
