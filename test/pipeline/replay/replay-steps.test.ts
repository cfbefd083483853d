import { describe, expect, it } from "vitest";
import { MAX_ERRORS_PER_STEP, type ReplayMessage, type ReplaySelection } from "../../../src/model/replay";
import type { CallSession } from "../../../src/pipeline/call-sessions";
import { consumeReplays } from "../../../src/pipeline/replay/replay";
import type { Write } from "../../../src/pipeline/write-groups";
import { cancelReplay, loadReplay } from "../../../src/storage/admin/replays";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { eventOf, storedEvents } from "../harness";

import {
  ANY,
  askingFor,
  begin,
  dataSet,
  errorIds,
  home,
  NOW,
  overloaded,
  replayPipeline,
  rowsOf,
  run,
  send,
} from "./replaying";

describe("a cancelled replay", () => {
  async function failed(application: string, count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, n): [string, unknown] => [
      `${application}-${n}`,
      eventOf(application, { data: null }),
    ]);
    await send(application, events);
  }

  const ofApplication = (application: string): ReplaySelection => ({ filter: { ...ANY, application } });

  it("starts no further step and keeps what it stored; another replay may take the other errors", async () => {
    await failed("cancelled-between", 5);
    const id = await begin(ofApplication("cancelled-between"), dataSet);
    const asked: ReplayMessage[] = [];
    const changes = { errorsPerStep: 2 };
    await consumeReplays(askingFor({ v: 1, replay: id, step: 0 }).batch, replayPipeline(asked, changes));
    expect(asked).toEqual([{ v: 1, replay: id, step: 1 }]);
    await cancelReplay(home, id, NOW);
    expect(await cancelReplay(home, id, NOW)).toMatchObject({ status: "cancelled", matched: 2, stored: 2 });
    expect(await run(id, changes, 1)).toMatchObject({
      status: "cancelled",
      step: 1,
      matched: 2,
      stored: 2,
      plan: null,
    });
    expect(await storedEvents("cancelled-between")).toHaveLength(2);
    const next = await begin(ofApplication("cancelled-between"), dataSet);
    expect(await run(next)).toMatchObject({ status: "done", matched: 3, stored: 3 });
  });

  it("counts the step that was running", async () => {
    await failed("cancelled-within", 3);
    const id = await begin(ofApplication("cancelled-within"), dataSet);
    const write: Write = async (...args) => {
      await cancelReplay(home, id, NOW);
      return writeBatch(...args);
    };
    expect(await run(id, { write, errorsPerStep: 2 })).toMatchObject({
      status: "cancelled",
      step: 1,
      stored: 2,
      plan: null,
    });
  });

  it("abandons a step that failed and releases its errors", async () => {
    await failed("cancelled-failing", 2);
    const id = await begin(ofApplication("cancelled-failing"), dataSet);
    await run(id, { callSession: overloaded });
    expect(await cancelReplay(home, id, NOW)).toMatchObject({ status: "cancelled", plan: { ids: expect.anything() } });
    const early = await begin(ofApplication("cancelled-failing"), dataSet);
    expect(await run(early)).toMatchObject({ matched: 2, stored: 0, skipped: 2 });
    expect(await run(id)).toMatchObject({ status: "cancelled", matched: 0, plan: null });
    const late = await begin(ofApplication("cancelled-failing"), dataSet);
    expect(await run(late)).toMatchObject({ status: "done", matched: 2, stored: 2 });
  });

  it("stays done if it was done", async () => {
    const id = await begin({ ids: ["nobody's"] });
    await run(id);
    expect(await cancelReplay(home, id, NOW)).toMatchObject({ status: "done" });
    expect(await cancelReplay(home, "nobody", NOW)).toBeNull();
  });
});

describe("a step", () => {
  it("that crashes before it is counted counts once and loses none of its results", async () => {
    const session = "crashed";
    await send(session, [
      ["crashed-a", eventOf(session, { data: null })],
      ["crashed-b", eventOf(session, { data: null, timestamp: "never" })],
    ]);
    // A filter that the failing event no longer matches after its issues change.
    const id = await begin({ filter: { ...ANY, application: session, code: "data_invalid" } }, dataSet);
    let calls = 0;
    const now = () => {
      calls += 1;
      if (calls === 2) throw new Error("the invocation ends here");
      return NOW;
    };
    await run(id, { now });
    expect(await storedEvents(session)).toHaveLength(1);
    expect(await loadReplay(home, id)).toMatchObject({ status: "running", step: 0, matched: 0 });
    expect(await run(id)).toMatchObject({ status: "done", matched: 2, stored: 1, failing: 1 });
    expect(await storedEvents(session)).toHaveLength(1);
  });

  it("that is delivered again after it was counted only requests the next one", async () => {
    const entries = Array.from({ length: MAX_ERRORS_PER_STEP + 1 }, (_, n): [string, unknown] => [
      `again-${n}`,
      eventOf("again", { data: null }),
    ]);
    await send("again", entries);
    const id = await begin({ filter: { ...ANY, application: "again" } }, dataSet);
    // The next step is never requested, because the invocation crashed in between.
    await run(id, { sendReplay: () => Promise.reject(new Error("the invocation ends here")) });
    expect(await loadReplay(home, id)).toMatchObject({ step: 1, matched: MAX_ERRORS_PER_STEP });
    expect(await run(id)).toMatchObject({ status: "done", matched: entries.length, stored: entries.length });
    expect(await run(id)).toMatchObject({ matched: entries.length });
  });

  it("waits for a session that cannot be reached, and skips an event that is rejected permanently", async () => {
    await send("stuck", [["stuck-a", eventOf("stuck", { data: null })]]);
    const id = await begin({ filter: { ...ANY, application: "stuck" } }, dataSet);
    const message: ReplayMessage = { v: 1, replay: id, step: 0 };
    const refusing = replayPipeline([], { callSession: () => Promise.reject(new Error("a bug")) });
    const early = askingFor(message);
    await consumeReplays(early.batch, refusing);
    expect([early.acked, early.retried.size]).toEqual([[], 1]);
    const away = replayPipeline([], { callSession: overloaded });
    const patient = askingFor(message, 20);
    await consumeReplays(patient.batch, away);
    expect(patient.acked).toEqual([]);
    const late = askingFor(message, 5);
    await consumeReplays(late.batch, refusing);
    expect(late.acked).toEqual([0]);
    expect(await loadReplay(home, id)).toMatchObject({ status: "done", skipped: 1 });
    // The replay is done, so its claims are released.
    expect(await run(await begin({ filter: { ...ANY, application: "stuck" } }, dataSet))).toMatchObject({ stored: 1 });
  });

  it("is sent again before the platform would delete it", async () => {
    const asked: ReplayMessage[] = [];
    await send("renewing", [["renewing-a", eventOf("renewing", { data: null })]]);
    const message: ReplayMessage = {
      v: 1,
      replay: await begin({ filter: { ...ANY, application: "renewing" } }),
      step: 0,
    };
    const { batch, acked } = askingFor(message, 95);
    await consumeReplays(batch, replayPipeline(asked, { callSession: overloaded }));
    expect([asked, acked]).toEqual([[message], [0]]);
  });

  it("skips errors that another replay has claimed", async () => {
    await send("held", [["held-a", eventOf("held", { data: null })]]);
    const ids = await errorIds(["held-a"]);
    const holder = await begin({ ids }, dataSet);
    await run(holder, { callSession: overloaded });
    expect(await rowsOf(ids)).toMatchObject([{ claimed_by: holder }]);
    expect(await run(await begin({ ids }, dataSet))).toMatchObject({ skipped: 1, stored: 0 });
    expect(await run(holder)).toMatchObject({ stored: 1 });
    expect(await rowsOf(ids)).toMatchObject([{ claimed_by: null, replay_id: holder }]);
  });

  it("that is malformed is acknowledged without calling a session", async () => {
    const callSession: CallSession = () => Promise.reject(new Error("called"));
    for (const message of [{ v: 2 }, { v: 1, replay: "nobody's", step: 0 }, "text", null]) {
      const { batch, acked } = askingFor(message);
      await consumeReplays(batch, replayPipeline([], { callSession }));
      expect(acked).toEqual([0]);
    }
  });
});
