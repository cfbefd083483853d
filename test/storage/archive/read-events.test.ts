import { beforeEach, expect, it } from "vitest";
import { allEvents, eventsAt } from "../../../src/storage/archive/read-events";
import { emptyEverything } from "../../compaction/harness";
import { MINUTE, MORNING } from "../seed";
import { archivedEvent, archiveEvents, groupsOf } from "./archived-files";

beforeEach(emptyEverything);

const EVENTS = [
  archivedEvent({ data: '{"a":"ä€😀"}', context: "{}", extra: '{"x":1}', visitor: "vera", application: "blog" }),
  archivedEvent({ occurredAt: 0, receivedAt: 1, data: "{}" }),
  archivedEvent({
    occurredAt: MORNING + MINUTE,
    session: "s".repeat(128),
    data: JSON.stringify({ long: "x".repeat(50_000) }),
  }),
];

it("returns events as they were archived, in the given order of rows", async () => {
  const [columns] = await groupsOf(await archiveEvents(EVENTS));
  if (columns === undefined) throw new Error("the file has no row group");
  expect(await allEvents(columns)).toEqual(EVENTS);
  expect(await eventsAt(columns, [2, 0])).toEqual([EVENTS[2], EVENTS[0]]);
  expect(await eventsAt(columns, [])).toEqual([]);
});
