import { env } from "cloudflare:workers";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import { ReceiptResponse } from "../../../src/api/events/receipts";
import { consume } from "../../../src/pipeline/consumer";
import { replayErrors } from "../../../src/pipeline/replay/replay-errors";
import { indexRules, NO_RULES } from "../../../src/rules/rules";
import { seedKey, seedLocalKeys } from "../../http/auth/seed";
import { batchOf, databases, envelopeOf, eventOf, pipelineWith, storedErrors } from "../../pipeline/harness";
import { RECEIVED_AT } from "../../pipeline/sample-events";
import { ask } from "../ask";

const BLOG_KEY = `eye_w_${"b".repeat(28)}`;

/** Keys of the application `shop`, whose events the harness sends. */
const SHOP_KEY = `eye_w_${"s".repeat(28)}`;
const BOUND_KEY = `eye_w_${"o".repeat(28)}`;

const session = "receipts";

beforeAll(async () => {
  await seedLocalKeys();
  await seedKey(SHOP_KEY, "write", { application: "shop" });
  await seedKey(BLOG_KEY, "write", { application: "blog" });
  await seedKey(BOUND_KEY, "write", { application: "shop", origins: ["https://shop.example"] });
  await consume(
    batchOf([
      envelopeOf([
        ["second", eventOf(session, { timestamp: "2021-01-01 09:00:02" })],
        ["first", eventOf(session, { timestamp: "2021-01-01 09:00:01" })],
        ["bad", eventOf(session, { data: null })],
        ["lost", eventOf("undefined")],
        ["second", eventOf(session, { timestamp: "2021-01-01 09:00:02", data: { other: true } })],
      ]),
    ]).batch,
    pipelineWith(),
  );
});

async function receipt(id: string, key = "eye_r_local", of = session, bindings: Env = env) {
  const query = new URLSearchParams({ session_id: of, id });
  const response = await ask(`/theeye/receipts?${query}`, { headers: { Authorization: `Bearer ${key}` } }, bindings);
  expect(response.status).toBe(200);
  return v.parse(ReceiptResponse, await response.json());
}

/** A queue with this many messages waiting. */
function withBacklog(backlogCount: number): Env {
  const metrics = async () => ({ backlogCount, backlogBytes: backlogCount * 100 });
  return { ...env, EVENTS: { metrics } as unknown as Queue };
}

describe("GET /theeye/receipts", () => {
  it("returns the position of a stored event", async () => {
    expect(await receipt("first")).toEqual({
      ...{ session_id: session, id: "first", status: "stored", failures: [] },
      stored: {
        ...{ position: 1, application: "shop", events: 1 },
        timestamp: "2021-01-01T09:00:01.000000Z",
        received_at: expect.stringMatching(/^2021-/),
      },
    });
  });

  it("returns the issues and the error of a failed event", async () => {
    const [error] = await storedErrors(["bad"]);
    const found = await receipt("bad");
    expect(found).toMatchObject({ status: "failed", stored: null });
    expect(found.failures).toMatchObject([
      { error_id: error?.id, url: `../theeye/errors/${error?.id}`, issues: [{ code: "data_invalid", path: "/data" }] },
    ]);
  });

  it("finds an event that failed for its session id, by the id as it was sent", async () => {
    expect(await receipt("lost", "eye_r_local", "undefined")).toMatchObject({
      status: "failed",
      failures: [{ issues: [{ code: "session_id_invalid" }] }],
    });
  });

  it("returns both outcomes if an id was used for two contents", async () => {
    expect(await receipt("second")).toMatchObject({
      status: "stored",
      stored: { position: 2 },
      failures: [{ issues: [{ code: "id_conflict" }] }],
    });
  });

  it("reports that an event was sent again, but not that it was delivered again", async () => {
    const body = envelopeOf([["twice", eventOf("twice")]]);
    await consume(batchOf([body]).batch, pipelineWith());
    await consume(batchOf([body]).batch, pipelineWith());
    expect((await receipt("twice", "eye_r_local", "twice")).status).toBe("stored");
    await consume(batchOf([{ ...body, received_at: RECEIVED_AT + 5_000 }]).batch, pipelineWith());
    expect((await receipt("twice", "eye_r_local", "twice")).status).toBe("duplicate");
  });

  it("is pending from the time at which the session accepts it until the databases have it", async () => {
    const away = pipelineWith({ write: () => Promise.reject(new Error("D1_ERROR: D1 DB is overloaded.")) });
    const body = envelopeOf([["on its way", eventOf("waiting")]]);
    await consume(batchOf([body]).batch, away);
    expect((await receipt("on its way", "eye_r_local", "waiting")).status).toBe("pending");
    expect((await receipt("on its way", BLOG_KEY, "waiting")).status).toBe("unknown");
    await consume(batchOf([body], { attempts: 2 }).batch, pipelineWith());
    expect((await receipt("on its way", "eye_r_local", "waiting")).status).toBe("stored");
  });

  it.each([
    [0, "unknown"],
    [3, "pending"],
  ])("without any trace and with %i messages in the queue, it is %s", async (messages, status) => {
    expect((await receipt("nothing", "eye_r_local", session, withBacklog(messages))).status).toBe(status);
    expect((await receipt("first", "eye_r_local", session, withBacklog(messages))).status).toBe("stored");
  });

  it("finds an event that its object has forgotten", async () => {
    const real = pipelineWith();
    const callSession: typeof real.callSession = (name, call) =>
      env.SESSIONS.getByName(`elsewhere ${name}`).accept(call);
    await consume(batchOf([envelopeOf([["old", eventOf("forgotten")]])]).batch, { ...real, callSession });
    expect(await receipt("old", "eye_r_local", "forgotten")).toMatchObject({
      status: "stored",
      stored: { position: 1 },
    });
  });

  it("returns the newest event if an id came with several timestamps, and their number", async () => {
    const at = (second: number): [string, unknown] => [
      "again",
      eventOf("again", { timestamp: `2021-01-01 09:00:0${second}` }),
    ];
    await consume(batchOf([envelopeOf([at(3), at(1), at(2)])]).batch, pipelineWith());
    expect(await receipt("again", "eye_r_local", "again")).toMatchObject({
      status: "stored",
      stored: { timestamp: "2021-01-01T09:00:03.000000Z", position: 3, events: 3 },
    });
  });

  it("follows a failed event to the session that its repair set", async () => {
    const ids = (await storedErrors(["lost"])).map(({ id }) => id);
    const repair = { edits: [{ op: "set" as const, path: "/session_id", value: "found again" }] };
    await replayErrors(ids, { id: "r", repair, now: RECEIVED_AT }, pipelineWith(), indexRules(NO_RULES));
    expect(await receipt("lost", "eye_r_local", "undefined")).toMatchObject({
      status: "stored",
      stored: { position: 1 },
      failures: [],
    });
    expect(databases.length).toBe(3);
  });

  it("shows a write key only events of its own application", async () => {
    expect((await receipt("first", SHOP_KEY)).status).toBe("stored");
    expect((await receipt("bad", SHOP_KEY)).status).toBe("failed");
  });

  it.each([0, 3])(
    "returns the same for another application's key as for an event that never arrived, with %i in the queue",
    async (n) => {
      const nothing = await receipt("nothing", BLOG_KEY, session, withBacklog(n));
      expect(nothing.status).toBe(n === 0 ? "unknown" : "pending");
      for (const [id, of] of [
        ["first", session],
        ["bad", session],
        ["second", session],
        ["lost", "undefined"],
        ["twice", "twice"],
      ] as const) {
        expect(await receipt(id, BLOG_KEY, of, withBacklog(n))).toEqual({ ...nothing, session_id: of, id });
      }
    },
  );

  it("limits a write key to its origins, and requires a key", async () => {
    const of = (headers: Record<string, string>) => ask("/theeye/receipts?session_id=receipts&id=first", { headers });
    expect((await of({ Authorization: `Bearer ${BOUND_KEY}` })).status).toBe(403);
    const origin = { Authorization: `Bearer ${BOUND_KEY}`, Origin: "https://shop.example" };
    expect((await of(origin)).status).toBe(200);
    expect((await of({ Authorization: "none" })).status).toBe(401);
  });

  it.each(["?session_id=a", "?id=a", "", "?session_id=a&id=b&code=c"])(
    "refuses %j and names the parameter",
    async (query) => {
      const response = await ask(`/theeye/receipts${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_parameter" });
    },
  );
});
