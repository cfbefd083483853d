import { expect, it } from "vitest";
import { consume } from "../../src/pipeline/consumer";
import { markUndeliverable } from "../../src/pipeline/mark-undeliverable";
import type { IncomingEvent } from "../../src/session/session-protocol";
import { batchOf, envelopeOf, eventOf, pipelineWith } from "./harness";
import { OCCURRED_AT, RECEIVED_AT } from "./sample-events";

const SESSION = "undeliverable session";
const HOUR = 3_600_000_000;

function incoming(id: string, changes: Record<string, unknown> = {}): IncomingEvent {
  return { id, application: "shop", receivedAt: RECEIVED_AT, text: JSON.stringify(eventOf(SESSION, changes)) };
}

const partOf = (...incomingEvents: IncomingEvent[]) => ({
  ...{ session: SESSION, incomingEvents, messages: new Set([0, 2]), reason: "the object fails" },
});

it("makes an error of each event that is not stored, with its whole content and the reason", async () => {
  const [lost, other] = [incoming("lost"), incoming("other")];
  const piece = await markUndeliverable(partOf(lost, other), pipelineWith());
  expect(piece).toMatchObject({
    session: SESSION,
    messages: new Set([0, 2]),
    events: [],
    incomingEvents: [lost, other],
  });
  expect(piece?.errors.map(({ row }) => [row.eventId, row.content])).toEqual([
    ["lost", lost.text],
    ["other", other.text],
  ]);
  expect(piece?.errors[0]?.row.issues).toMatchObject([
    { code: "delivery_failed", message: expect.stringContaining("the object fails") },
  ]);
});

it("leaves out an event that is stored, but not another under its id", async () => {
  await consume(batchOf([envelopeOf([["stored", eventOf(SESSION)]])]).batch, pipelineWith());
  const other = incoming("stored", { data: { other: true } });
  const piece = await markUndeliverable(partOf(incoming("stored"), other), pipelineWith());
  expect(piece?.errors.map(({ row }) => row.content)).toEqual([other.text]);
});

it("places an error by its event's timestamp, or by its receipt if that cannot be read or lies ahead", async () => {
  const ahead = new Date((RECEIVED_AT + 24 * HOUR) / 1_000).toISOString();
  const events = [
    incoming("in time"),
    incoming("no time", { timestamp: "soon" }),
    incoming("ahead", { timestamp: ahead }),
  ];
  const piece = await markUndeliverable(partOf(...events), pipelineWith());
  expect(piece?.errors.map(({ moment }) => moment)).toEqual([OCCURRED_AT, RECEIVED_AT, RECEIVED_AT]);
});

it("decides nothing while the databases cannot be read, or without a session", async () => {
  const partitions = { ...pipelineWith().partitions, covering: () => Promise.reject(new Error("no D1")) };
  expect(await markUndeliverable(partOf(incoming("unread")), pipelineWith({ partitions }))).toBeNull();
  expect(await markUndeliverable({ ...partOf(), session: null }, pipelineWith())).toBeNull();
});
