import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { MAX_EVENT_BYTES, MAX_MESSAGE_BYTES } from "../../src/model/limits";
import { sliceBatch } from "../../src/pipeline/batch-slices";
import { openMessage, readMessage } from "../../src/pipeline/read-message";
import { indexRules, NO_RULES } from "../../src/rules/rules";
import { rulesInForce } from "../../src/rules/rules-in-force";

/** Half of an isolate's memory: the parsed objects, the text and garbage must fit together. */
const MAX_HEAP_BYTES = 64_000_000;

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

function heapBytes(): number {
  if (typeof collectGarbage !== "function") throw new Error("the heap cannot be measured");
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** The JSON that grows most when it is parsed: `[{},{},…]`. */
function emptyObjects(characters: number): string {
  return `[${"{},".repeat(Math.floor((characters - 4) / 3))}{}]`;
}

/** A full envelope of events of the maximum size. */
function heaviestEnvelope(n: number): string {
  const event = `{"session_id":"s${n}","category":"c","name":"n","timestamp":1609492527,"data":{"items":ITEMS}}`;
  const items = emptyObjects(MAX_EVENT_BYTES - event.length);
  const events = Array.from({ length: 3 }, () => event.replace("ITEMS", items)).join(",");
  return `{"v":1,"application":"shop","received_at":1609492528000000,"request":{"id":"e2085be5-9137-4e4e-80b5-f1ffddc20000","events":[${events}]}}`;
}

it.each([
  ["envelopes", heaviestEnvelope],
  ["malformed messages", () => emptyObjects(MAX_MESSAGE_BYTES)],
])("a slice of the heaviest %s takes less than 64 MB, parsed here and by the session objects", (_, bodyOf) => {
  const bodies = Array.from({ length: 100 }, (__, n) => bodyOf(n));
  for (const body of bodies) expect(body.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
  const slices = sliceBatch(bodies);
  expect(slices.length).toBeGreaterThan(9);
  const before = heapBytes();
  const kept = parseSlice(slices[0] ?? [], bodies);
  expect(heapBytes() - before).toBeLessThan(MAX_HEAP_BYTES);
  expect(kept.length).toBeGreaterThan(0);
});

it("the same messages parsed all at once would take more than an isolate has", () => {
  const bodies = Array.from({ length: 100 }, (_, n) => heaviestEnvelope(n));
  const before = heapBytes();
  const kept = parseSlice([...bodies.keys()], bodies);
  expect(heapBytes() - before).toBeGreaterThan(2 * MAX_HEAP_BYTES);
  expect(kept.length).toBeGreaterThan(0);
}, 60_000);

/** Everything in memory while a slice is processed. */
function parseSlice(places: readonly number[], bodies: readonly string[]): unknown[] {
  const rules = rulesInForce([{ since: 0, until: Number.POSITIVE_INFINITY, rules: indexRules(NO_RULES) }]);
  const read = places.map((place) => readMessage({ body: bodies[place], timestamp: new Date(0), id: `${place}` }));
  const opened = read.map((one) => openMessage(one, { rules, futureToleranceMicros: 0 }));
  const inObjects = opened.flatMap(({ incomingEvents }) =>
    incomingEvents.map(({ incoming }): unknown => JSON.parse(incoming.text)),
  );
  return [read, opened, inObjects];
}
