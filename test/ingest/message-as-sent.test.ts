import fc from "fast-check";
import { expect, it } from "vitest";
import { Refusal } from "../../src/http/problem";
import { MAX_AS_SENT_BYTES, messageAsSent } from "../../src/ingest/message-as-sent";
import { parseEvents } from "../../src/ingest/parse-events";
import { utf8Bytes } from "../../src/model/event/event";
import { MAX_MESSAGE_BYTES, MAX_NESTING_LEVELS, MAX_SESSIONS_PER_MESSAGE } from "../../src/model/limits";
import { readMessage } from "../../src/pipeline/read-message";

const ID = "e2085be5-9137-8e4e-80b5-f1ffddc20000";
const RECEIPT = { application: "a".repeat(64), received_at: 1_609_492_527_243_000 };

function messageOf(body: string) {
  const parsed = parseEvents(body, "application/json");
  if (parsed instanceof Refusal) throw new Error(parsed.code);
  return messageAsSent(parsed, utf8Bytes(body), ID, RECEIPT);
}

it("gives the consumer the same events as the edge parsed", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.constantFrom(0, 2), (events, indent) => {
      const message = messageOf(JSON.stringify(events, null, indent));
      if (message === null) throw new Error("expected a body that can be sent unchanged");
      const read = readMessage({ body: message.text, timestamp: new Date(0), id: "m" });
      const request = { id: ID, events: JSON.parse(JSON.stringify(events)) };
      expect(read).toEqual({ envelope: { v: 1, ...RECEIPT, request } });
      expect(utf8Bytes(message.text)).toBeLessThanOrEqual(message.bytes);
      expect(message.bytes).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    }),
  );
});

it("wraps a single value", () => {
  expect(messageOf(' {"a": 1e2} ')?.text).toContain('"events":[ {"a": 1e2} ]}}');
});

it.each([
  ["lines, which are not one JSON value", '{"a":1}\n{"a":2}'],
  ["a large body", JSON.stringify(["x".repeat(MAX_AS_SENT_BYTES)])],
  ["deep nesting", `${"[".repeat(MAX_NESTING_LEVELS + 2)}${"]".repeat(MAX_NESTING_LEVELS + 2)}`],
  [
    "many sessions",
    JSON.stringify(Array.from({ length: MAX_SESSIONS_PER_MESSAGE + 1 }, (_, i) => ({ session_id: `${i}` }))),
  ],
])("leaves %s to be packed", (_, body) => {
  expect(messageOf(body)).toBeNull();
});

it("accepts many events of few sessions", () => {
  const events = Array.from({ length: 500 }, (_, i) => ({ session_id: `${i % MAX_SESSIONS_PER_MESSAGE}` }));
  expect(messageOf(JSON.stringify(events))).not.toBeNull();
});
