import { beforeEach, describe, expect, it } from "vitest";
import type { Repair } from "../../../src/model/repair/repair";
import { replayErrors } from "../../../src/pipeline/replay/replay-errors";
import type { ReplayIo } from "../../../src/pipeline/replay/replay-outcome";
import { indexRules, NO_RULES } from "../../../src/rules/rules";
import { countStep, insertReplay } from "../../../src/storage/admin/replays";
import { firstDatabase } from "../../../src/storage/core/databases";
import { emptyDatabases } from "../../storage/empty-databases";
import { errorRow, MORNING, store } from "../../storage/seed";
import { callSession, databases, partitions, pipelineWith, storedEvents } from "../harness";

const home = firstDatabase(databases);
const rules = indexRules(NO_RULES);
const withData: Repair = { edits: [{ op: "set", path: "/data", value: {} }] };

/** Stores an error whose event lacks only its payload, and returns its id. */
async function failed(session: string, changes: Record<string, unknown> = {}): Promise<string> {
  const event = { session_id: session, category: "c", name: "n", data: null, timestamp: "2021-01-01 08:00:00" };
  const row = errorRow({ session, eventId: `e of ${session}`, content: JSON.stringify({ ...event, ...changes }) });
  await store(databases, { errors: [row] });
  return row.id;
}

async function replay(ids: string[], id = "r1", changes: Partial<ReplayIo> = {}, repair: Repair | null = withData) {
  return replayErrors(ids, { id, repair, now: MORNING }, { ...pipelineWith(), ...changes }, rules);
}

const begin = (id: string) => insertReplay(home, { id, createdAt: MORNING, selection: { ids: [] }, repair: null });

beforeEach(async () => {
  await emptyDatabases(databases);
  await partitions.latest();
  for (const id of ["r1", "r2"]) await begin(id);
});

describe("errors that are replayed", () => {
  it("are stored if their repair makes them valid, and fail again if not", async () => {
    const [good, bad] = [await failed("good"), await failed("bad", { timestamp: "never" })];
    expect(await replay([good, bad])).toEqual(
      new Map([
        [good, "stored"],
        [bad, "failing"],
      ]),
    );
    expect(await storedEvents("good")).toMatchObject([{ id: "e of good", application: "shop", data: "{}" }]);
    expect(await storedEvents("bad")).toEqual([]);
  });

  it("are reported as stored if the same step is repeated", async () => {
    const id = await failed("s");
    expect([await replay([id]), await replay([id])]).toEqual([new Map([[id, "stored"]]), new Map([[id, "stored"]])]);
    expect(await storedEvents("s")).toHaveLength(1);
  });

  it("are skipped if they are unknown, resolved by another replay or impossible to validate", async () => {
    const [resolved, malformed] = [await failed("s"), errorRow({ application: null, eventId: null })];
    await store(databases, { errors: [malformed] });
    await replay([resolved], "r1");
    const found = await replay(["unknown", resolved, malformed.id], "r2");
    expect([...found.values()]).toEqual(["skipped", "skipped", "skipped"]);
  });

  it("are skipped while another replay has claimed them, and taken over when that is done", async () => {
    const id = await failed("s");
    const unreachable = () => Promise.reject(Object.assign(new Error("gone"), { retryable: true }));
    expect((await replay([id], "r1", { callSession: unreachable })).get(id)).toMatchObject({ kind: "waiting" });
    expect((await replay([id], "r2")).get(id)).toBe("skipped");
    const counts = { matched: 0, stored: 0, failing: 0, skipped: 0 };
    await countStep(home, { id: "r1", step: 0, next: null, now: MORNING }, counts);
    expect((await replay([id], "r2")).get(id)).toBe("stored");
  });

  it("wait if their session cannot be called, and do not affect others", async () => {
    const [broken, whole] = [await failed("broken"), await failed("whole")];
    const some: ReplayIo["callSession"] = (session, call) =>
      session === "broken" ? Promise.reject(new Error("rejected")) : callSession(session, call);
    const found = await replay([broken, whole], "r1", { callSession: some });
    expect(found.get(broken)).toMatchObject({ kind: "waiting" });
    expect(found.get(whole)).toBe("stored");
  });

  it("call each session once, and none if the event has no valid session", async () => {
    const ids = [await failed("s"), await failed("s", { timestamp: "2021-01-01 08:00:01" })];
    const lost = await failed("s", { session_id: "" });
    const called: string[] = [];
    const counting: ReplayIo["callSession"] = (session, call) => {
      called.push(session);
      return callSession(session, call);
    };
    const found = await replay([...ids, lost], "r1", { callSession: counting });
    expect(called).toEqual(["s"]);
    expect(found.get(lost)).toBe("failing");
  });
});
