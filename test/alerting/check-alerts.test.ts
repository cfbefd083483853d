import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { type Alerting, checkAlerts } from "../../src/alerting/check-alerts";
import { MAX_ATTEMPTS } from "../../src/alerting/deliver";
import { signMessage } from "../../src/alerting/signature";
import { listDeliveries } from "../../src/storage/admin/alert-deliveries";
import { insertAlert, loadAlert } from "../../src/storage/admin/alerts";
import { databasesOf } from "../../src/storage/core/databases";
import { forgetPartitions } from "../../src/storage/partitions/known-partitions";
import { migrate } from "../migrate";
import { errorRow, eventRow, MINUTE, MORNING, store } from "../storage/seed";

const databases = databasesOf(env);
const home = { index: 0, binding: env.DB };
const GAUGES = { backlog: async () => null, hasArchive: false, hotMicros: null };
const URL_OF_HOOK = "https://hooks.example.com/eye";

interface Post {
  url: string;
  init: RequestInit;
}

/** Alerting with a webhook that answers with the given statuses and repeats the last one. */
function alertingTo(posts: Post[], ...statuses: number[]): Alerting {
  const answer = async (url: string, init: RequestInit) => {
    posts.push({ url, init });
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    return new Response(null, { status: status ?? 200 });
  };
  return { databases, fetch: answer, allowInsecureHosts: false, clock: () => MORNING, log: () => undefined, ...GAUGES };
}

const bodyOf = ({ init }: Post): unknown => JSON.parse(String(init.body));

beforeEach(async () => {
  await reset();
  await migrate();
  for (const database of databases) forgetPartitions(database);
  await insertAlert(home, {
    name: "a",
    rule: {
      application: "shop",
      threshold: { share: 0.5, at_least: 2 },
      window_minutes: 5,
      webhook: { url: URL_OF_HOOK, format: "json" },
    },
    secret: "secret",
    createdAt: MORNING,
    incarnation: "i",
  });
});

const fail = (sessions: string[]) =>
  store(databases, { errors: sessions.map((session) => errorRow({ session })), events: [] });

describe("checkAlerts", () => {
  it("posts one signed message at the begin and one at the end, without following redirects", async () => {
    const posts: Post[] = [];
    const alerting = alertingTo(posts, 200);
    await fail(["s1", "s2", "s3"]);
    await checkAlerts(alerting, MORNING);
    await checkAlerts(alerting, MORNING + MINUTE);
    await checkAlerts(alerting, MORNING + 6 * MINUTE);
    await checkAlerts(alerting, MORNING + 7 * MINUTE);
    expect(posts.map(bodyOf)).toMatchObject([
      { kind: "begin", id: "i:1:begin", found: { failures: 3, stored: 0, share: 1 } },
      { kind: "end", id: "i:1:end", found: { failures: 0 } },
    ]);
    const [{ url, init } = { url: "", init: {} }] = posts;
    expect(url).toBe(URL_OF_HOOK);
    expect(init.redirect).toBe("manual");
    const signature = await signMessage("secret", MORNING / 1_000_000, String(init.body));
    expect(new Headers(init.headers).get("X-Eye-Signature")).toBe(signature);
  });

  it("compares failures with stored events across the databases", async () => {
    const posts: Post[] = [];
    await fail(["s1", "s2"]);
    const events = ["e1", "e2", "e3"].map((session) => eventRow({ session }));
    await store(databases, { events });
    await checkAlerts(alertingTo(posts, 200), MORNING);
    expect(posts).toEqual([]);
    await fail(["s4"]);
    await checkAlerts(alertingTo(posts, 200), MORNING);
    expect(posts.map(bodyOf)).toMatchObject([{ found: { failures: 3, stored: 3, share: 0.5 } }]);
  });

  it("compares by receipt alone: old timestamps received now count, and what was received before does not", async () => {
    const posts: Post[] = [];
    const year = 365 * 24 * 60 * MINUTE;
    const late = ["e1", "e2", "e3"].map((session) =>
      eventRow({ session, occurredAt: MORNING - year, receivedAt: MORNING }),
    );
    const early = ["e4", "e5"].map((session) => eventRow({ session, receivedAt: MORNING - 10 * MINUTE }));
    await store(databases, { events: [...late, ...early] });
    await fail(["s1", "s2"]);
    await checkAlerts(alertingTo(posts, 200), MORNING);
    expect(posts).toEqual([]);
    // A copy of what is stored and a conflict with it add nothing to the stored ones; the conflict is one more failure.
    await store(databases, { events: [...late, eventRow({ ...late[0], data: '{"other":1}' })] });
    await checkAlerts(alertingTo(posts, 200), MORNING);
    expect(posts.map(bodyOf)).toMatchObject([{ found: { failures: 3, stored: 3, share: 0.5 } }]);
  });

  it("posts once even if cron runs overlap", async () => {
    const posts: Post[] = [];
    const alerting = alertingTo(posts, 200);
    await fail(["s1", "s2"]);
    await Promise.all([1, 2, 3, 4].map(() => checkAlerts(alerting, MORNING)));
    expect(posts).toHaveLength(1);
    expect(await loadAlert(home, "a")).toMatchObject({ state: "firing", episode: 1 });
  });

  it("retries the same message in later runs, the end after the begin, and finally stops", async () => {
    const posts: Post[] = [];
    const alerting = alertingTo(posts, 302, 500, 200);
    await fail(["s1", "s2"]);
    for (const minute of [0, 0.1, 1, 3, 10]) await checkAlerts(alerting, MORNING + minute * MINUTE);
    expect(posts.map(bodyOf)).toMatchObject(["begin", "begin", "begin", "end"].map((kind) => ({ kind })));
    expect(new Set(posts.slice(0, 3).map(({ init }) => init.body)).size).toBe(1);

    await fail(["s5", "s6"]);
    const never: Post[] = [];
    for (let hour = 0; hour < 20; hour++) await checkAlerts(alertingTo(never, 500), MORNING + hour);
    for (let hour = 1; hour < 20; hour++) await checkAlerts(alertingTo(never, 500), MORNING + hour * 60 * MINUTE);
    expect(never.filter((post) => new Headers(post.init.headers).get("X-Eye-Id") === "i:2:begin")).toHaveLength(
      MAX_ATTEMPTS,
    );
    const failed = (await listDeliveries(home, "a", 9)).find(({ id }) => id === "i:2:begin");
    expect(failed).toMatchObject({ kind: "begin", status: "failed", attempts: MAX_ATTEMPTS, outcome: "answered 500" });
  });
});
