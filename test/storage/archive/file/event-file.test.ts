import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { EventFileWriter } from "../../../../src/storage/archive/file/event-file";
import { ReadBudget, readFooter } from "../../../../src/storage/archive/file/file-reader";
import { groupsIn, soughtOf, visitorName } from "../../../../src/storage/archive/file/session-index";
import { FILE_LIMITS, MAX_LISTED_TYPES } from "../../../../src/storage/archive/limits";
import { emptyEverything } from "../../../compaction/harness";
import { MINUTE, MORNING } from "../../seed";
import { archivedEvent, archiveEvents } from "../archived-files";

beforeEach(emptyEverything);

it("describes its events: times, applications, and the row groups of sessions and visitors", () => {
  const writer = new EventFileWriter({ ...FILE_LIMITS, groupRows: 2 });
  const at = (minutes: number) => MORNING + minutes * MINUTE;
  writer.add(archivedEvent({ session: "a", occurredAt: at(5), application: "shop" }));
  writer.add(archivedEvent({ session: "b", occurredAt: at(1), application: "blog", visitor: "vera" }));
  writer.add(archivedEvent({ session: "b", occurredAt: at(9), application: "shop" }));
  const { first, last, applications, rows, index } = writer.finish();
  expect({ first, last, applications, rows }).toEqual({
    first: at(1),
    last: at(9),
    applications: ["blog", "shop"],
    rows: 3,
  });
  const entries = index.buckets.map((bucket) => bucket.entries).join("");
  const groupsFor = (name: string) => groupsIn(entries, soughtOf(name).fingerprint);
  expect(groupsFor("a")).toEqual({ first: 0, last: 0 });
  expect(groupsFor("b")).toEqual({ first: 0, last: 1 });
  expect(groupsFor(visitorName("vera"))).toEqual({ first: 0, last: 0 });
  expect(groupsFor("vera")).toBeNull();
});

it("lists in its footer the row groups of each type", async () => {
  const names = ["x", "y", "x", "x", "z"];
  const file = await archiveEvents(
    names.map((name) => archivedEvent({ name, category: "c", application: "shop" })),
    { groupRows: 2 },
  );
  const { types } = await readFooter(env.ARCHIVE, file, new ReadBudget(9));
  expect(types?.map(({ name, first, last }) => [name, first, last])).toEqual([
    ["x", 0, 1],
    ["y", 0, 0],
    ["z", 2, 2],
  ]);
});

it.each([
  ["at the limit of types", MAX_LISTED_TYPES, MAX_LISTED_TYPES],
  ["above the limit of types", MAX_LISTED_TYPES + 1, undefined],
])("lists all types or none: %s", async (_, count, listed) => {
  const events = Array.from({ length: count }, (__, n) => archivedEvent({ name: `name-${n}` }));
  const file = await archiveEvents(events, { groupRows: 10_000 });
  expect((await readFooter(env.ARCHIVE, file, new ReadBudget(9))).types?.length).toBe(listed);
});
