import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { backoff, type Courier, deliverDue, MAX_ATTEMPTS } from "../../src/alerting/deliver";
import { listDeliveries } from "../../src/storage/admin/alert-deliveries";
import { changeState, insertAlert, loadAlert } from "../../src/storage/admin/alerts";
import { databasesOf, firstDatabase } from "../../src/storage/core/databases";
import { MINUTE, MORNING } from "../storage/seed";

const home = firstDatabase(databasesOf(env));

/** An alert that has begun and whose message waits. */
async function begun(name: string, url = "https://hooks.example.com/eye"): Promise<void> {
  const rule = { threshold: { failures: 3 }, window_minutes: 5, webhook: { url, format: "json" as const } };
  await insertAlert(home, { name, rule, secret: "secret", createdAt: MORNING, incarnation: name });
  const alert = await loadAlert(home, name);
  if (alert === null) throw new Error("the alert is gone");
  await changeState(home, alert, "begin", { body: `{"name":"${name}"}`, now: MORNING });
}

function courierWith(fetch: Courier["fetch"]): Courier {
  return { first: home, fetch, allowInsecureHosts: false, clock: () => MORNING };
}

const answering = (status: number) => courierWith(async () => new Response(null, { status }));

const messageOf = async (name: string) => (await listDeliveries(home, name, 1))[0];

beforeEach(async () => {
  await home.binding.batch(["alerts", "alert_deliveries"].map((table) => home.binding.prepare(`DELETE FROM ${table}`)));
});

describe("a message that is due", () => {
  it("is posted once with its id and signature, and counts as delivered after any 2xx", async () => {
    await begun("a");
    const posts: { url: string; init: RequestInit }[] = [];
    const courier = courierWith(async (url, init) => {
      posts.push({ url, init });
      return new Response(null, { status: 204 });
    });
    expect(await deliverDue(courier, MORNING)).toEqual({ delivered: 1, failed: 0 });
    expect(await deliverDue(courier, MORNING + 60 * MINUTE)).toEqual({ delivered: 0, failed: 0 });
    expect(posts).toMatchObject([{ url: "https://hooks.example.com/eye", init: { body: '{"name":"a"}' } }]);
    const headers = new Headers(posts[0]?.init.headers);
    expect(headers.get("X-Eye-Id")).toBe("a:1:begin");
    expect(headers.get("X-Eye-Timestamp")).toBe(String(MORNING / 1_000_000));
    expect(headers.get("X-Eye-Signature")).toMatch(/^v1=[0-9a-f]{64}$/);
    expect(await messageOf("a")).toMatchObject({ status: "delivered", attempts: 1, outcome: "answered 204" });
  });

  it.each([302, 404, 500])("is retried after %d", async (status) => {
    await begun("a");
    expect(await deliverDue(answering(status), MORNING)).toEqual({ delivered: 0, failed: 1 });
    expect(await messageOf("a")).toMatchObject({ status: "pending", attempts: 1, outcome: `answered ${status}` });
    expect(await deliverDue(answering(200), MORNING + MINUTE)).toEqual({ delivered: 1, failed: 0 });
  });

  it.each<[string, Error, string]>([
    ["cannot be reached", new TypeError("connection refused"), "unreachable"],
    ["does not answer in time", new DOMException("too slow", "TimeoutError"), "timed out"],
  ])("is retried if the receiver %s", async (_, error, outcome) => {
    await begun("a");
    await deliverDue(
      courierWith(() => Promise.reject(error)),
      MORNING,
    );
    expect(await messageOf("a")).toMatchObject({ status: "pending", attempts: 1, outcome });
  });

  it("is not posted to an internal address, even if the alert was created when that was allowed", async () => {
    await begun("a", "http://localhost:9000/");
    let asked = 0;
    const courier = courierWith(async () => {
      asked += 1;
      return new Response();
    });
    await deliverDue(courier, MORNING);
    expect(asked).toBe(0);
    expect((await messageOf("a"))?.outcome).toMatch(/^refused: /);
    await deliverDue({ ...courier, allowInsecureHosts: true }, MORNING + MINUTE);
    expect(asked).toBe(1);
  });

  it(`fails permanently after ${MAX_ATTEMPTS} attempts`, async () => {
    await begun("a");
    for (let hour = 0; hour < MAX_ATTEMPTS + 3; hour++) await deliverDue(answering(500), MORNING + hour * 60 * MINUTE);
    expect(await messageOf("a")).toMatchObject({ status: "failed", attempts: MAX_ATTEMPTS });
  });

  it("does not delay others", async () => {
    for (const name of ["a", "b"]) await begun(name, `https://${name}.example.com/`);
    const courier = courierWith(async (url) => {
      if (url.startsWith("https://a.")) throw new TypeError("no route");
      return new Response();
    });
    expect(await deliverDue(courier, MORNING)).toEqual({ delivered: 1, failed: 1 });
  });
});

it("the delay between two attempts doubles up to an hour, less half a minute for an early cron", () => {
  const minutes = Array.from({ length: MAX_ATTEMPTS }, (_, index) => backoff(index + 1) / MINUTE + 0.5);
  expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
});
