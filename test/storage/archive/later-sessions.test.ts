import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { tieOf } from "../../../src/model/event/event-key";
import { type LaterQuestion, sessionsLater } from "../../../src/storage/archive/later-sessions";
import { databasesOf } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { startOf } from "../../../src/storage/scan/event-order";
import { emptyEverything } from "../../compaction/harness";
import { partitionOf } from "../partitions/sample-partition";
import { HOUR, MINUTE, MORNING } from "../seed";
import { archivedEvent, archiveEvents } from "./archived-files";

const archive = { bucket: env.ARCHIVE, databases: databasesOf(env) };
const at = (minutes: number) => MORNING + minutes * MINUTE;
const CURSOR = startOf(at(30));
const QUESTION: LaterQuestion = {
  partitions: [partitionOf({ state: "dropped" })],
  ...{ from: CURSOR, to: Number.MAX_SAFE_INTEGER, asOf: Number.MAX_SAFE_INTEGER },
};

beforeAll(async () => {
  await emptyEverything();
  await archiveEvents([
    archivedEvent({ session: "before", occurredAt: at(29) }),
    archivedEvent({ session: "at", id: "id", occurredAt: at(30) }),
    archivedEvent({ session: "after", occurredAt: at(31) }),
    archivedEvent({ session: "received late", occurredAt: at(40), receivedAt: at(500) }),
  ]);
  await archiveEvents([archivedEvent({ session: "next hour", occurredAt: MORNING + HOUR })]);
  await archiveEvents([archivedEvent({ session: "other partition", occurredAt: at(50) })], { partition: 2 });
});

const SESSIONS = ["before", "at", "after", "received late", "next hour", "other partition", "unknown"];

it.each<[string, Partial<LaterQuestion>, string[]]>([
  ["at or above the cursor", {}, ["at", "after", "received late", "next hour"]],
  [
    "above a cursor that is an event's own key",
    { from: { ...CURSOR, receivedAfter: 1_000, session: packId("at"), tie: tieOf("id") } },
    ["at", "after", "received late", "next hour"],
  ],
  [
    "above a cursor just behind an event",
    { from: { ...CURSOR, receivedAfter: 1_000, session: packId("at"), tie: tieOf("id") + 1 } },
    ["after", "received late", "next hour"],
  ],
  ["up to the end of the range", { to: at(31) }, ["at", "after"]],
  ["received by a time", { to: at(59), asOf: at(60) }, ["at", "after"]],
])("finds sessions with an event %s", async (_, changes, expected) => {
  expect([...(await sessionsLater(archive, SESSIONS, { ...QUESTION, ...changes }))].sort()).toEqual(
    expected.toSorted(),
  );
});

it("reads no object for files that are entirely above the cursor", async () => {
  const bucket = Object.assign(Object.create(env.ARCHIVE), { get: () => Promise.reject(new Error("no read")) });
  expect([...(await sessionsLater({ ...archive, bucket }, ["next hour"], QUESTION))]).toEqual(["next hour"]);
});
