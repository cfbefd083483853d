import { expect, it } from "vitest";
import { packId } from "../../../src/storage/core/packed-id";
import { sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import type { SliceEvent } from "../../../src/storage/sequences/read-slice";
import { Sequences } from "../../../src/storage/sequences/sequences";
import { WHOLE } from "../../../src/storage/sequences/slice-statement";

const eventOf = (session: string, occurredAt: number, changes: Partial<SliceEvent> = {}): SliceEvent => ({
  ...{ session: packId(session), visitor: null, occurredAt, receivedAfter: 0, tie: 0 },
  source: { application: "shop", category: "c", name: "n" },
  valueAt: () => null,
  numberAt: () => null,
  ...changes,
});
const timeOf = ({ occurredAt }: SliceEvent) => occurredAt;

it("collects the items of each session in the order of its events", () => {
  const sequences = new Sequences<string>("session", WHOLE);
  const add = (name: string, event: SliceEvent) => sequences.add(event, () => name);
  add("third", eventOf("a", 5));
  add("other", eventOf("b", 1));
  add("first", eventOf("a", 2));
  add("tied, received later", eventOf("a", 2, { receivedAfter: 1 }));
  add("tied, later id", eventOf("a", 2, { receivedAfter: 1, tie: 1 }));
  expect([...sequences.inOrder()]).toEqual([["first", "tied, received later", "tied, later id", "third"], ["other"]]);
  expect(sequences.size).toBe(5);
});

it("leaves out events without an item", () => {
  const sequences = new Sequences<number>("session", WHOLE);
  for (const at of [1, 2, 3]) sequences.add(eventOf("a", at), (event) => (timeOf(event) === 2 ? null : timeOf(event)));
  expect([[...sequences.inOrder()], sequences.size]).toEqual([[[1, 3]], 2]);
});

it("collects by visitor over sessions, without events that have none", () => {
  const sequences = new Sequences<number>("visitor", WHOLE);
  sequences.add(eventOf("a", 3, { visitor: packId("vera") }), timeOf);
  sequences.add(eventOf("b", 1, { visitor: packId("vera") }), timeOf);
  sequences.add(eventOf("a", 2), timeOf);
  expect([...sequences.inOrder()]).toEqual([[1, 3]]);
});

it("keeps only visitors of the slice", () => {
  const key = sampleKeyOf("vera");
  const kept = (slice: { low: number; high: number }) => {
    const sequences = new Sequences<number>("visitor", slice);
    sequences.add(eventOf("a", 1, { visitor: packId("vera") }), timeOf);
    return sequences.size;
  };
  expect([
    kept({ low: key, high: key + 1 }),
    kept({ low: 0, high: key }),
    kept({ low: key + 1, high: WHOLE.high }),
  ]).toEqual([1, 0, 0]);
});
