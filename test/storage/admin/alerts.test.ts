import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeEach, describe, expect, it } from "vitest";
import { AlertRuleSchema, MAX_ALERTS } from "../../../src/model/alerts/alert";
import { listDeliveries } from "../../../src/storage/admin/alert-deliveries";
import {
  type Alert,
  changeState,
  deleteAlert,
  deliveryId,
  insertAlert,
  listAlerts,
  loadAlert,
} from "../../../src/storage/admin/alerts";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { MAX_PAGE_CONTENT } from "../../../src/storage/core/read-limits";
import { MINUTE, MORNING } from "../seed";

const home = firstDatabase(databasesOf(env));

const alertOf = (name: string, incarnation = "i") => ({
  name,
  rule: {
    threshold: { failures: 3 },
    window_minutes: 5,
    webhook: { url: "https://hooks.example.com", format: "json" as const },
  },
  secret: "secret",
  createdAt: MORNING,
  incarnation,
});

async function created(name: string, incarnation = "i"): Promise<Alert> {
  expect(await insertAlert(home, alertOf(name, incarnation))).toBe("created");
  return loaded(name);
}

async function loaded(name: string): Promise<Alert> {
  const alert = await loadAlert(home, name);
  if (alert === null) throw new Error("the alert is gone");
  return alert;
}

beforeEach(async () => {
  await home.binding.batch(["alerts", "alert_deliveries"].map((table) => home.binding.prepare(`DELETE FROM ${table}`)));
});

describe("an alert", () => {
  it("is read as it was created, and has not begun", async () => {
    expect(await created("a")).toEqual({ ...alertOf("a"), state: "ok", since: MORNING, episode: 0 });
    expect(await loadAlert(home, "other")).toBeNull();
  });

  it("is not replaced by another with the same name", async () => {
    await created("a", "first");
    expect(await insertAlert(home, alertOf("a", "second"))).toBe("exists");
    expect(await loaded("a")).toMatchObject({ incarnation: "first" });
  });

  it(`is refused beyond ${MAX_ALERTS} alerts`, async () => {
    for (let number = 0; number < MAX_ALERTS; number++) await created(`a${String(number).padStart(3, "0")}`);
    expect(await insertAlert(home, alertOf("one-too-many"))).toBe("full");
    const names = (await listAlerts(home)).map(({ name }) => name);
    expect(names).toHaveLength(MAX_ALERTS);
    expect(names).toEqual(names.toSorted());
  });

  it("has members so short that a list of all needs no pages", () => {
    const rule = {
      application: "x".repeat(64),
      category: "x".repeat(64),
      event_name: "x".repeat(64),
      threshold: { share: 0.123456789, at_least: 1_000_000_000 },
      window_minutes: 1_440,
      webhook: { url: "https://hooks.example.com/".padEnd(2_000, "x"), format: "slack" },
    };
    expect(v.safeParse(AlertRuleSchema, rule).success).toBe(true);
    expect(v.safeParse(AlertRuleSchema, { ...rule, webhook: { url: "x".repeat(2_001) } }).success).toBe(false);
    expect(MAX_ALERTS * (JSON.stringify(rule).length + 64)).toBeLessThan(MAX_PAGE_CONTENT / 10);
  });

  it("is deleted with its messages, and without those of other alerts", async () => {
    for (const name of ["a", "b"]) await changeState(home, await created(name, name), "begin", { body: "{}", now: 1 });
    expect(await deleteAlert(home, "a")).toBe(true);
    expect(await deleteAlert(home, "a")).toBe(false);
    expect(await listDeliveries(home, "a", 9)).toEqual([]);
    expect(await listDeliveries(home, "b", 9)).toHaveLength(1);
  });
});

describe("a change of an alert's state", () => {
  const begin = (alert: Alert) => changeState(home, alert, "begin", { body: "begins", now: MORNING + MINUTE });
  const end = (alert: Alert) => changeState(home, alert, "end", { body: "ends", now: MORNING + 2 * MINUTE });

  it("is written with its message, under an id of the episode", async () => {
    expect(await begin(await created("a"))).toBe(true);
    expect(await loaded("a")).toMatchObject({ state: "firing", episode: 1, since: MORNING + MINUTE });
    expect(await end(await loaded("a"))).toBe(true);
    expect(await loaded("a")).toMatchObject({ state: "ok", episode: 1, since: MORNING + 2 * MINUTE });
    const messages = await listDeliveries(home, "a", 9);
    expect(messages.map(({ id, kind }) => [id, kind])).toEqual([
      ["i:1:end", "end"],
      ["i:1:begin", "begin"],
    ]);
  });

  it("is made by only one of two callers that read the same state", async () => {
    const seen = await created("a");
    expect(await Promise.all([begin(seen), begin(seen)])).toEqual([true, false]);
    expect(await listDeliveries(home, "a", 9)).toHaveLength(1);
  });

  it("is not made to an alert of the same name that was created later", async () => {
    const seen = await created("a", "old");
    await deleteAlert(home, "a");
    await created("a", "new");
    expect(await begin(seen)).toBe(false);
    expect(await listDeliveries(home, "a", 9)).toEqual([]);
  });
});

it("a begin message belongs to the episode that it opens, an end message to the one that it closes", async () => {
  const alert = await created("a");
  expect([deliveryId(alert, "begin"), deliveryId({ ...alert, episode: 1 }, "end")]).toEqual(["i:1:begin", "i:1:end"]);
});
