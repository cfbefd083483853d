import { env } from "cloudflare:workers";
import { DrizzleQueryError } from "drizzle-orm/errors";
import { beforeAll, expect, it } from "vitest";
import { tieOf } from "../../../src/model/event/event-key";
import { dropLateCopies } from "../../../src/storage/archive/late-copies";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { packId } from "../../../src/storage/core/packed-id";
import { emptyEverything } from "../../compaction/harness";
import { partitionOf } from "../partitions/sample-partition";
import { MINUTE, MORNING } from "../seed";
import { archivedEvent, archiveEvents } from "./archived-files";

const databases = databasesOf(env);
const archive = { bucket: env.ARCHIVE, databases };
const partition = partitionOf({ id: 7, state: "dropped", late: true });

const laneEvent = (session: string, id: string, suffix: string, occurredAt = MORNING) => ({
  ...{ id, suffix, database: firstDatabase(databases) },
  key: { occurredAt, receivedAfter: 0, session: packId(session), tie: tieOf(id) },
});

beforeAll(async () => {
  await emptyEverything();
  await archiveEvents([archivedEvent({ session: "a", id: "archived" })], { partition: 7 });
});

it("drops late events that the archive holds, and keeps all others in their order", async () => {
  const events = [
    laneEvent("a", "new", "7l"),
    laneEvent("a", "archived", "7l"),
    laneEvent("a", "archived", "7l", MORNING + MINUTE),
    laneEvent("b", "archived", "7l"),
    // In another lane: that partition is not archived.
    laneEvent("a", "archived", "8"),
  ];
  const [copy] = events.splice(1, 1);
  if (copy === undefined) throw new Error("no copy");
  expect(await dropLateCopies(archive, [partition], [...events, copy])).toEqual(events);
});

it("throws a query error if the archive cannot be read", async () => {
  await archiveEvents([archivedEvent({ session: "c", id: "archived" })], { partition: 7 });
  const bucket = Object.assign(Object.create(env.ARCHIVE), { get: () => Promise.reject(new Error("R2 is down")) });
  const asked = dropLateCopies({ bucket, databases }, [partition], [laneEvent("c", "archived", "7l")]);
  await expect(asked).rejects.toThrow(DrizzleQueryError);
});
