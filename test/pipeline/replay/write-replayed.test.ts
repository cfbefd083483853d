import { beforeEach, describe, expect, it } from "vitest";
import type { ReplayIo, Validated } from "../../../src/pipeline/replay/replay-outcome";
import { writeReplayed } from "../../../src/pipeline/replay/write-replayed";
import type { Write } from "../../../src/pipeline/write-groups";
import { findErrorsById } from "../../../src/storage/errors/error-queries";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { emptyDatabases } from "../../storage/empty-databases";
import { errorRow, eventRow, MORNING, store } from "../../storage/seed";
import { databases, partitions, pipelineWith, storedEvents } from "../harness";

const NOW = MORNING + 1;
const replaying = { id: "replay", repair: null, now: NOW };
const io: ReplayIo = pipelineWith();

const EVENT = { category: "c", name: "n", data: { fixed: true } };

/** An error that a replay has validated: now valid, or still failing. */
async function validatedOf(session: string, outcome: "valid" | "failing"): Promise<Validated> {
  const row = errorRow({ session, eventId: `event of ${session}` });
  await store(databases, { errors: [row] });
  const [error] = await findErrorsById(databases, [row.id]);
  if (error === undefined) throw new Error("the error is gone");
  const event = { session_id: session, ...EVENT };
  const incoming = {
    ...{ id: `event of ${session}`, application: "shop", receivedAt: MORNING, text: JSON.stringify(event) },
  };
  return {
    error,
    read: { incoming, event, replays: error.key },
    outcome:
      outcome === "valid"
        ? { kind: "valid", session, outcome: { kind: "valid", place: 0, occurredAt: MORNING, isNew: true } }
        : { kind: "failing", issues: [{ code: "data_invalid", path: "/data", message: "still" }] },
  };
}

async function stateOf({ error }: Validated) {
  const [found] = await findErrorsById(databases, [error.key.id]);
  return { resolvedAt: found?.resolvedAt, resolvedEventId: found?.resolvedEventId, replayId: found?.replayId };
}

beforeEach(async () => {
  await emptyDatabases(databases);
  await partitions.latest();
});

describe("what a replay validated", () => {
  it("is written if it is valid, and its error is resolved with a link to the event, in any two databases", async () => {
    const validated = await Promise.all(["s1", "s2", "s3", "s4"].map((session) => validatedOf(session, "valid")));
    const results = await writeReplayed(validated, replaying, io);
    for (const one of validated) {
      const session = one.error.session ?? "";
      expect(results.get(one.error.key.id)).toBe("stored");
      expect(await storedEvents(session)).toMatchObject([{ id: `event of ${session}`, data: '{"fixed":true}' }]);
      expect(await stateOf(one)).toEqual({
        ...{ resolvedAt: NOW, resolvedEventId: `event of ${session}`, replayId: "replay" },
      });
    }
  });

  it("stays an error with its newest issues if it still fails", async () => {
    const validated = await validatedOf("s", "failing");
    expect([...(await writeReplayed([validated], replaying, io)).values()]).toEqual(["failing"]);
    expect(await storedEvents("s")).toEqual([]);
    const [error] = await findErrorsById(databases, [validated.error.key.id]);
    expect(error).toMatchObject({ resolvedAt: null, replayId: "replay" });
    expect(JSON.parse(error?.issues ?? "")).toMatchObject([{ message: "still" }]);
  });

  it("gives the same result a second time, since the event is a copy of itself", async () => {
    const validated = await validatedOf("s", "valid");
    for (let time = 0; time < 2; time++) {
      expect([...(await writeReplayed([validated], replaying, io)).values()]).toEqual(["stored"]);
    }
    expect(await storedEvents("s")).toHaveLength(1);
  });

  it("fails as a conflict if another event has its identity, which is unchanged", async () => {
    const validated = await validatedOf("s", "valid");
    await store(databases, { events: [eventRow({ session: "s", id: "event of s", data: '{"other":1}' })] });
    expect([...(await writeReplayed([validated], replaying, io)).values()]).toEqual(["failing"]);
    expect(await storedEvents("s")).toMatchObject([{ data: '{"other":1}' }]);
    const [error] = await findErrorsById(databases, [validated.error.key.id]);
    expect(JSON.parse(error?.issues ?? "")).toMatchObject([{ code: "id_conflict" }]);
  });

  it("waits if its database cannot be written, and does not affect others", async () => {
    const [broken, whole] = await Promise.all(["broken", "whole"].map((session) => validatedOf(session, "valid")));
    if (broken === undefined || whole === undefined) throw new Error("nothing is validated");
    const write: Write = (database, rows) =>
      JSON.stringify(rows).includes("event of broken")
        ? Promise.reject(new Error("D1_ERROR: Network connection lost."))
        : writeBatch(database, rows);
    const results = await writeReplayed([broken, whole], replaying, { ...io, write });
    expect(results.get(broken.error.key.id)).toMatchObject({ kind: "waiting", failure: "transient" });
    expect(results.get(whole.error.key.id)).toBe("stored");
    expect(await stateOf(broken)).toMatchObject({ resolvedAt: null });
  });
});
