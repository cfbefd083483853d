import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { tieOf } from "../../../src/model/event/event-key";
import { ANY_ARCHIVED } from "../../../src/storage/archive/cold-scan";
import { ReadBudget } from "../../../src/storage/archive/file/file-reader";
import { archivedKeysOf, type SessionKeysQuestion, TooManyColdReads } from "../../../src/storage/archive/session-keys";
import { databasesOf } from "../../../src/storage/core/databases";
import { packId, unpackId } from "../../../src/storage/core/packed-id";
import { emptyEverything } from "../../compaction/harness";
import { partitionOf } from "../partitions/sample-partition";
import { HOUR, MINUTE, MORNING } from "../seed";
import { archivedEvent, archiveEvents } from "./archived-files";

const archive = { bucket: env.ARCHIVE, databases: databasesOf(env) };
const at = (minutes: number) => MORNING + minutes * MINUTE;
const QUESTION: SessionKeysQuestion = {
  partitions: [partitionOf({ state: "dropped" })],
  sessions: ["one", "two"],
  bounds: { low: 0, high: Number.MAX_SAFE_INTEGER },
  filter: ANY_ARCHIVED,
};

beforeAll(async () => {
  await emptyEverything();
  await archiveEvents([
    archivedEvent({ session: "one", id: "first", occurredAt: at(1) }),
    archivedEvent({ session: "two", occurredAt: at(2), application: "blog" }),
    archivedEvent({ session: "other", occurredAt: at(3) }),
    archivedEvent({ session: "one", occurredAt: at(4), name: "click", receivedAt: at(500) }),
  ]);
  await archiveEvents([archivedEvent({ session: "one", occurredAt: MORNING + HOUR })]);
  await archiveEvents([archivedEvent({ session: "one", occurredAt: at(50) })], { partition: 2 });
});

const budget = (most = 100) => new ReadBudget(most);
const minutesOf = async (changes: Partial<SessionKeysQuestion>) =>
  (await archivedKeysOf(archive, { ...QUESTION, ...changes }, budget()))
    .map(({ session, occurredAt }) => `${unpackId(session)} ${(occurredAt - MORNING) / MINUTE}`)
    .sort();

it.each<[string, Partial<SessionKeysQuestion>, string[]]>([
  ["of the given sessions and partitions", {}, ["one 1", "one 4", "one 60", "two 2"]],
  [
    "of another partition too",
    { partitions: [1, 2].map((id) => partitionOf({ id, state: "dropped" })) },
    ["one 1", "one 4", "one 50", "one 60", "two 2"],
  ],
  ["within the bounds, both inclusive", { bounds: { low: at(2), high: at(4) } }, ["one 4", "two 2"]],
  ["of an application", { filter: { ...ANY_ARCHIVED, applications: ["blog"] } }, ["two 2"]],
  ["with a name", { filter: { ...ANY_ARCHIVED, name: "click" } }, ["one 4"]],
  ["that had been received", { filter: { ...ANY_ARCHIVED, receivedUntil: at(100) } }, ["one 1", "one 60", "two 2"]],
  ["of no session", { sessions: [] }, []],
])("finds the events %s", async (_, changes, expected) => {
  expect(await minutesOf(changes)).toEqual(expected);
});

it("returns whole keys, as the databases have them", async () => {
  const [key] = await archivedKeysOf(archive, { ...QUESTION, bounds: { low: at(1), high: at(1) } }, budget());
  expect(key).toMatchObject({ occurredAt: at(1), receivedAfter: 1_000, session: packId("one"), tie: tieOf("first") });
});

it("refuses to read more often than its budget allows, and says so by its own error", async () => {
  const used = budget(1);
  await expect(archivedKeysOf(archive, QUESTION, used)).rejects.toThrow(TooManyColdReads);
  expect(used.reads).toBe(1);
});

it("reports a bucket that cannot be read as a failed query", async () => {
  const bucket = Object.assign(Object.create(env.ARCHIVE), { get: () => Promise.reject(new Error("no R2")) });
  const failed = archivedKeysOf(
    { ...archive, bucket },
    { ...QUESTION, partitions: [partitionOf({ id: 2, state: "dropped" })] },
    budget(),
  );
  await expect(failed).rejects.toMatchObject({ name: "Error", cause: { message: "no R2" } });
});
