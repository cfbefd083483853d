import { expect, it } from "vitest";
import { Refusal } from "../../src/http/problem";
import { collect } from "../../src/ingest/accept-request";
import { dryRun } from "../../src/ingest/dry-run";
import { NO_RULES, rulesOf } from "../../src/rules/rules";

const event = { session_id: "s", category: "c", name: "n", data: {}, timestamp: "2021-01-01 08:00:00" };
const body = `${JSON.stringify(event)}\n{"session_id": "s", "name": nope}\n${JSON.stringify({ ...event, name: "m" })}\n`;

const request = () => new Request("https://eye.test/theeye/events", { method: "POST", body });

async function answerOf(response: Response | Refusal): Promise<unknown> {
  return response instanceof Refusal ? response.code : response.json();
}

it("is accepted with its neighbours, kept whole, and gets an id", async () => {
  const sent: unknown[] = [];
  const response = await collect(request(), {
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
  expect(await answerOf(response)).toMatchObject({
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
