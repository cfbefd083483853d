import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { tieOf } from "../../../src/model/event/event-key";
import { type ColdFilter, scanCold } from "../../../src/storage/archive/cold-scan";
import type { ArchiveFile } from "../../../src/storage/archive/file/archive-file";
import { ReadBudget } from "../../../src/storage/archive/file/file-reader";
import { unpackId } from "../../../src/storage/core/packed-id";
import type { EventRange } from "../../../src/storage/scan/event-order";
import { emptyEverything } from "../../compaction/harness";
import { MINUTE, MORNING } from "../seed";
import { archivedEvent, archiveEvents } from "./archived-files";

const EVENTS = Array.from({ length: 40 }, (_, n) =>
  archivedEvent({
    session: `session-${n % 3}`,
    id: `id-${n}`,
    application: n % 4 === 0 ? "blog" : "shop",
    category: n < 20 ? "page" : "media",
    name: `name-${n % 5}`,
    occurredAt: MORNING + n * MINUTE,
    receivedAt: MORNING + 60 * MINUTE + n,
  }),
);
const ANY: ColdFilter = { session: null, applications: null, category: null, name: null, receivedUntil: null };
const RANGE: EventRange = { order: "asc", from: null, to: null, after: null };

let file: ArchiveFile;
beforeAll(async () => {
  await emptyEverything();
  file = await archiveEvents(EVENTS);
});

async function scan(filter: Partial<ColdFilter>, range: Partial<EventRange> = {}) {
  const budget = new ReadBudget(100);
  const question = { range: { ...RANGE, ...range }, limit: 100, filter: { ...ANY, ...filter } };
  const { rows } = await scanCold(env.ARCHIVE, { files: [{ file, groups: null }], boundary: null }, question, budget);
  return { keys: rows.map(({ key }) => key), reads: budget.reads };
}

type Event = (typeof EVENTS)[number];

it.each<[string, Partial<ColdFilter>, (event: Event) => boolean]>([
  ["all events", {}, () => true],
  ["a session", { session: "session-1" }, ({ session }) => session === "session-1"],
  ["some applications", { applications: ["blog", "none"] }, ({ application }) => application === "blog"],
  ["no application", { applications: [] }, () => false],
  ["a category", { category: "media" }, ({ category }) => category === "media"],
  [
    "a name of a category",
    { category: "page", name: "name-2" },
    ({ category, name }) => category === "page" && name === "name-2",
  ],
  ["a type that the file does not have", { category: "page", name: "none" }, () => false],
  ["events received by a time", { receivedUntil: MORNING + 60 * MINUTE + 7 }, ({ id }) => Number(id.slice(3)) <= 7],
])("finds %s", async (_, filter, matches) => {
  const { keys } = await scan(filter);
  const expected = EVENTS.filter(matches).map(({ id, occurredAt, receivedAt, session }) => [
    ...[occurredAt, receivedAt - occurredAt, session, tieOf(id)],
  ]);
  const found = keys.map(({ occurredAt, receivedAfter, session, tie }) => [
    ...[occurredAt, receivedAfter, unpackId(session), tie],
  ]);
  expect(found).toEqual(expected);
});

it("finds events of a time range, both ends included, and after a cursor", async () => {
  const range = { from: MORNING + 5 * MINUTE, to: MORNING + 8 * MINUTE };
  const { keys } = await scan({}, range);
  expect(keys.map(({ occurredAt }) => (occurredAt - MORNING) / MINUTE)).toEqual([5, 6, 7, 8]);
  const [, second = null] = keys;
  const rest = await scan({}, { ...range, after: second });
  expect(rest.keys).toEqual(keys.slice(2));
});

it("reads only row groups whose listed types match", async () => {
  const { reads } = await scan({ category: "media" });
  // Two of four row groups; the footer is kept from earlier tests or is one more read.
  expect(reads).toBeLessThanOrEqual(3);
  expect((await scan({ category: "none" })).reads).toBeLessThanOrEqual(1);
});
