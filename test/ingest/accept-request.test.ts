import { env } from "cloudflare:workers";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Refusal } from "../../src/http/problem";
import { type CollectorSources, collect } from "../../src/ingest/accept-request";
import { createReceiptClock } from "../../src/ingest/receipt-clock";
import type { Envelope } from "../../src/model/envelope";
import { expectRefusal } from "../http/expect-refusal";

const EVENT = {
  session_id: "e2085be5-9137-4e4e-80b5-f1ffddc25423",
  category: "page interaction",
  name: "pageview",
  data: { host: "www.example.com", path: "/" },
  timestamp: "2021-01-01 09:15:27.243860",
};

/** A queue that records its messages and refuses from a given send on. */
function recordingQueue(
  refuseFrom = Number.POSITIVE_INFINITY,
  message = "Queue send failed: Network connection lost.",
) {
  const sends: unknown[][] = [];
  const take = async (bodies: unknown[]) => {
    if (sends.length >= refuseFrom) throw new Error(message);
    sends.push(bodies);
    return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  };
  const queue: CollectorSources["queue"] = {
    send: async (body) => take([body]),
    sendBatch: async (messages) => take(Array.from(messages, ({ body }) => body)),
  };
  // Messages are sent as text.
  const envelopes = () => sends.flat().map((body): Envelope => JSON.parse(String(body)));
  return { sends, queue, envelopes };
}

function sources(queue: CollectorSources["queue"]): CollectorSources {
  return { application: "demo", queue, clock: createReceiptClock(() => 1_000) };
}

function post(body: BodyInit, headers: Record<string, string> = {}): Request {
  return new Request("https://eye.example/theeye/events", { method: "POST", body, headers });
}

async function accepted(answer: Response | Refusal): Promise<{ accepted: number; ids: string[] }> {
  if (answer instanceof Refusal) throw new Error(answer.detail);
  expect(answer.status).toBe(202);
  return answer.json();
}

describe("collect", () => {
  it("sends an event to the real queue and answers 202 with its id", async () => {
    const { accepted: count, ids } = await accepted(await collect(post(JSON.stringify(EVENT)), sources(env.EVENTS)));
    expect(count).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("sends a large batch to the real queue in several sends", async () => {
    const events = Array.from({ length: 500 }, (_, i) => ({
      ...EVENT,
      session_id: `s${i}`,
      data: { text: "x".repeat(1_800) },
    }));
    expect((await accepted(await collect(post(JSON.stringify(events)), sources(env.EVENTS)))).ids).toHaveLength(500);
  });

  it("sends the event unchanged with the data that only the edge knows", async () => {
    const queue = recordingQueue();
    const { ids } = await accepted(await collect(post(JSON.stringify({ ...EVENT, more: [1] })), sources(queue.queue)));
    expect(queue.envelopes()).toEqual([
      {
        v: 1,
        application: "demo",
        received_at: 1_000_000,
        request: { id: ids[0], events: [{ ...EVENT, more: [1] }] },
      },
    ]);
  });

  it("returns ids in the order sent", async () => {
    const body = ["b", "a", "c"].map((id) => JSON.stringify({ ...EVENT, id })).join("\n");
    const answer = await accepted(await collect(post(gzipSync(body)), sources(recordingQueue().queue)));
    expect(answer).toEqual({ accepted: 3, ids: ["b", "a", "c"] });
  });

  it("returns the same ids when a request is repeated with its idempotency key", async () => {
    const send = async () =>
      accepted(
        await collect(
          post(JSON.stringify([EVENT, EVENT]), { "Idempotency-Key": "k" }),
          sources(recordingQueue().queue),
        ),
      );
    const first = await send();
    expect(await send()).toEqual(first);
    expect(new Set(first.ids).size).toBe(2);
  });

  it("reserves a time of receipt for each event", async () => {
    const queue = recordingQueue();
    const shared = sources(queue.queue);
    await collect(post(JSON.stringify([EVENT, EVENT, EVENT])), shared);
    await collect(post(JSON.stringify(EVENT)), shared);
    expect(queue.envelopes().map(({ received_at }) => received_at)).toEqual([1_000_000, 1_000_003]);
  });

  it("accepts events that are not objects, which end among the errors", async () => {
    const queue = recordingQueue();
    await accepted(await collect(post("[5,null]"), sources(queue.queue)));
    expect(queue.envelopes()).toMatchObject([{ request: { events: [5, null] } }]);
  });

  it.each([
    ["", {}, "empty_batch"],
    ["{", {}, "invalid_json"],
    [`[${"{},".repeat(500)}{}]`, {}, "too_many_events"],
    [" ".repeat(1_000_001), {}, "payload_too_large"],
    ["{}", { "Content-Encoding": "br" }, "unsupported_encoding"],
    ["{}", { "Idempotency-Key": "" }, "invalid_parameter"],
  ] as const)("sends nothing of a request that it refuses (%#: %s)", async (body, headers, code) => {
    const queue = recordingQueue();
    expectRefusal(await collect(post(body, headers), sources(queue.queue)), code);
    expect(queue.sends).toEqual([]);
  });

  it.each([
    ["Queue send failed: Too Many Requests", "rate_limited"],
    ["Queue send failed: Storage Limit Exceeded", "unavailable"],
  ] as const)("answers a queue's %j with %s", async (message, code) => {
    expectRefusal(await collect(post("{}"), sources(recordingQueue(0, message).queue)), code);
  });

  it("asks the client to repeat the ids if the queue accepted only a part", async () => {
    const events = Array.from({ length: 400 }, (_, i) => ({
      ...EVENT,
      session_id: `s${i}`,
      data: { text: "x".repeat(2_000) },
    }));
    const queue = recordingQueue(1, "Queue sendBatch failed: Too Many Requests");
    const refusal = expectRefusal(await collect(post(JSON.stringify(events)), sources(queue.queue)), "unavailable");
    expect(queue.sends).toHaveLength(1);
    expect(refusal.detail).toContain("Idempotency-Key");
  });
});
