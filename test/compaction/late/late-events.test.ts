import { expect, it } from "vitest";
import { belongingOf, rowOf, sentText } from "../../../src/compaction/late/late-events";
import { tieOf } from "../../../src/model/event/event-key";
import { archivedEvent } from "../../storage/archive/archived-files";
import { MORNING } from "../../storage/seed";

const EVENT = archivedEvent({
  ...{ session: "s", id: "i", category: "c", name: "n", data: '{"a":1}', context: '{"b":2}', visitor: "v" },
  extra: '{"more":3}',
});

it("writes an event as it would be sent, with members that the format does not know", () => {
  expect(JSON.parse(sentText(EVENT))).toEqual({
    ...{ session_id: "s", id: "i", category: "c", name: "n", timestamp: "2021-01-01T09:00:00.000000Z" },
    ...{ data: { a: 1 }, context: { b: 2 }, visitor_id: "v", more: 3 },
  });
});

it("leaves out members that the event does not have", () => {
  const bare = JSON.parse(sentText({ ...EVENT, context: null, visitor: null, extra: null }));
  expect(Object.keys(bare).toSorted()).toEqual(["category", "data", "id", "name", "session_id", "timestamp"]);
});

it("makes a row with the event's identity and content", () => {
  expect(rowOf(EVENT)).toMatchObject({ ...EVENT, tie: tieOf("i"), sent: sentText(EVENT) });
});

it("belongs to its session and visitor, by its receipt", () => {
  expect(belongingOf(EVENT)).toEqual({ session: "s", visitor: "v", error: null, receivedAt: MORNING + 1_000 });
});
