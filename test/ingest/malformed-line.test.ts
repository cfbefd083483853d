import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { Refusal } from "../../src/http/problem";
import { collect } from "../../src/ingest/accept-request";
import { dryRun } from "../../src/ingest/dry-run";
import { NO_RULES, rulesOf } from "../../src/rules/rules";

const event = { session_id: "s", category: "c", name: "n", data: {}, timestamp: "2021-01-01 08:00:00" };
const body = `${JSON.stringify(event)}\n{"session_id": "s", "name": nope}\n${JSON.stringify({ ...event, name: "m" })}\n`;

const request = (sent: BodyInit = body) =>
  new Request("https://eye.test/theeye/events", { method: "POST", body: sent });

async function answerOf(response: Response | Refusal): Promise<unknown> {
  return response instanceof Refusal ? response.code : response.json();
}

async function accepted(from: Request): Promise<{ answer: unknown; sent: unknown[] }> {
  const sent: unknown[] = [];
  const response = await collect(from, {
    application: "shop",
    clock: () => 1_700_000_000_000_000,
    queue: {
      send: async (message: unknown) => {
        sent.push(JSON.parse(String(message)));
        return { metadata: { metrics: { backlogBytes: 0, backlogCount: 0 } } };
      },
      sendBatch: () => Promise.reject(new Error("one message is enough")),
    },
  });
  return { answer: await answerOf(response), sent };
}

it("is accepted with its neighbours, kept whole, and gets an id", async () => {
  const { answer, sent } = await accepted(request());
  expect(answer).toMatchObject({
    accepted: 3,
    ids: [expect.any(String), expect.any(String), expect.any(String)],
  });
  const events = [event, '{"session_id": "s", "name": nope}', { ...event, name: "m" }];
  expect(sent).toMatchObject([{ request: { events } }]);
});

it("fails alone in a dry run, with the column of the error", async () => {
  const terms = { receivedAt: 1_700_000_000_000_000, futureToleranceMicros: 0, rules: rulesOf(NO_RULES) };
  const message = expect.stringContaining("a text that is not JSON from column 29 on");
  expect(await answerOf(await dryRun(request(), terms))).toEqual({
    results: [{ ok: true }, { ok: false, issues: [{ code: "event_invalid", path: "", message }] }, { ok: true }],
  });
});

/** The body in Latin-1, whose second line has an umlaut. */
const latin1 = Uint8Array.from(body.replace("nope", '"Zürich"'), (character) => character.charCodeAt(0));

it.each([
  ["plain", latin1],
  ["gzip", gzipSync(latin1)],
])("is one with bytes that are not UTF-8 too, %s", async (_, bytes) => {
  const text = '{"session_id": "s", "name": "Z�\\xFCrich"}';
  const { answer, sent } = await accepted(request(bytes));
  expect(answer).toMatchObject({ accepted: 3 });
  expect(sent).toMatchObject([{ request: { events: [event, text, { ...event, name: "m" }] } }]);

  const terms = { receivedAt: 1_700_000_000_000_000, futureToleranceMicros: 0, rules: rulesOf(NO_RULES) };
  const message = expect.stringContaining("a text that is not UTF-8 from column 31 on");
  expect(await answerOf(await dryRun(request(bytes), terms))).toMatchObject({
    results: [{ ok: true }, { ok: false, issues: [{ code: "event_invalid", message }] }, { ok: true }],
  });
});

it.each(["application/json", "application/cloudevents+json"])(
  "is no part of one JSON value: that is refused if it is not UTF-8 (%s)",
  async (type) => {
    const whole = new Request("https://eye.test/theeye/events", {
      method: "POST",
      headers: { "Content-Type": type },
      body: Uint8Array.of(0x7b, 0x22, 0xfc, 0x22, 0x3a, 0x31, 0x7d),
    });
    expect(await accepted(whole)).toEqual({ answer: "invalid_json", sent: [] });
  },
);
