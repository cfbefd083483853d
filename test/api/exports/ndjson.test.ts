import { expect, it } from "vitest";
import { ndjsonLine } from "../../../src/api/exports/ndjson";
import type { FoundEvent } from "../../../src/storage/events/named-events";

const event: FoundEvent = {
  key: { occurredAt: 0, receivedAfter: 0, session: "ts", tie: 0 },
  ...{ session: 's "1"\n', application: "shop", category: "c", name: "n", occurredAt: 1, receivedAt: 2_000_000 },
  ...{ id: "i", data: '{"n":12345678901234567890}', context: null, extra: null, visitor: null },
};

it("is one line of JSON with the members of the list of events", () => {
  const line = ndjsonLine({ ...event, visitor: "v", context: '{"a":1}', extra: '{"b":2}' });
  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(JSON.parse(line)).toEqual({
    ...{ session_id: 's "1"\n', application: "shop", category: "c", name: "n", id: "i", visitor_id: "v" },
    ...{ timestamp: "1970-01-01T00:00:00.000001Z", received_at: "1970-01-01T00:00:02.000000Z" },
    ...{ data: { n: expect.any(Number) }, context: { a: 1 }, extra: { b: 2 } },
  });
});

it("leaves out members that the event does not have", () => {
  const members = Object.keys(JSON.parse(ndjsonLine(event)));
  expect(members.filter((name) => ["visitor_id", "context", "extra"].includes(name))).toEqual([]);
});

it("copies the payload as it is stored: its numbers keep every digit", () => {
  expect(ndjsonLine(event)).toContain('"data":{"n":12345678901234567890},');
});
