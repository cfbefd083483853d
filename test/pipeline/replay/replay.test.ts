import { describe, expect, it } from "vitest";
import type { Repair } from "../../../src/model/repair/repair";
import { MAX_ERRORS_PER_STEP, type ReplayMessage, type ReplaySelection } from "../../../src/model/replay";
import type { CallSession } from "../../../src/pipeline/call-sessions";
import { consume } from "../../../src/pipeline/consumer";
import type { Pipeline } from "../../../src/pipeline/process-batch";
import { consumeReplays, type ReplayPipeline } from "../../../src/pipeline/replay/replay";
import type { Write } from "../../../src/pipeline/write-groups";
import { indexRules, NO_RULES } from "../../../src/rules/rules";
import { cancelReplay, insertReplay, loadReplay, type Replay } from "../../../src/storage/admin/replays";
import { firstDatabase } from "../../../src/storage/core/databases";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import { databaseOf } from "../../../src/storage/partitions/partition";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { countsBesideEvents } from "../../storage/counts-beside-events";
import {
  allEvents,
  batchOf,
  databases,
  envelopeOf,
  eventOf,
  partitions,
  pipelineWith,
  storedErrors,
  storedEvents,
} from "../harness";
import { OCCURRED_AT, RECEIVED_AT } from "../sample-events";

const home = firstDatabase(databases);
const ANY = { code: null, session: null, category: null, name: null, application: null, from: null, to: null };
const NOW = RECEIVED_AT + 60_000_000;

let replays = 0;

/** Sends events of one application through the pipeline. Those that fail become its errors. */
async function send(application: string, entries: [string, unknown][], changes: Partial<Pipeline> = {}) {
  const { batch } = batchOf([envelopeOf(entries, { application })]);
  await consume(batch, pipelineWith(changes));
}

async function begin(selection: ReplaySelection, repair: Repair | null = null): Promise<string> {
  replays += 1;
  const id = `replay-${replays}`;
  await insertReplay(home, { id, createdAt: NOW, selection, repair });
  return id;
}

/** Delivers the steps of a replay until none is requested. */
async function run(id: string, changes: Partial<ReplayPipeline> = {}, first = 0): Promise<Replay> {
  const asked: ReplayMessage[] = [{ v: 1, replay: id, step: first }];
  for (let message = asked.shift(); message !== undefined; message = asked.shift()) {
    const { batch, acked } = askingFor(message);
    await consumeReplays(batch, replayPipeline(asked, changes));
    if (acked.length === 0) break;
  }
  const replay = await loadReplay(home, id);
  if (replay === null) throw new Error("the replay is gone");
  return replay;
}

function replayPipeline(asked: ReplayMessage[], changes: Partial<ReplayPipeline> = {}): ReplayPipeline {
  const sendReplay = async (message: ReplayMessage) => void asked.push(message);
  const replayRules = async () => indexRules(NO_RULES);
  const own = { sendReplay, replayRules, errorsPerStep: MAX_ERRORS_PER_STEP, now: () => NOW };
  return { ...pipelineWith(), ...own, ...changes };
}

/** A batch of the queue of replays, whose messages are objects. */
function askingFor(message: unknown, attempts = 1) {
  const { batch, ...handled } = batchOf([message], { attempts });
  return { ...handled, batch: { ...batch, messages: batch.messages.map((one) => ({ ...one, body: message })) } };
}

/** The database of a session's sample events. */
async function databaseOfSession(session: string): Promise<number> {
  const partition = (await partitions.covering([OCCURRED_AT])).find(OCCURRED_AT);
  if (partition === null) throw new Error("no partition covers the sample");
  return databaseOf(partition, session);
}

async function sessionIn(database: number, prefix: string): Promise<string> {
  for (let n = 0; ; n++) if ((await databaseOfSession(`${prefix}-${n}`)) === database) return `${prefix}-${n}`;
}

async function expectExactCounts() {
  for (const database of databases) {
    const { counted, expected } = await countsBesideEvents(database);
    expect(counted).toEqual(expected);
  }
}

const errorIds = async (eventIds: string[]) => (await storedErrors(eventIds)).map(({ id }) => id);

async function rowsOf(ids: string[]) {
  const sql = `SELECT issues, resolved_at, resolved_session, resolved_event_id, resolved_occurred_at, replayed_at, replay_id, claimed_by, codes
    FROM errors WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY received_at`;
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(sql).bind(JSON.stringify(ids)).all<Record<string, unknown>>()),
  );
  return found.flatMap(({ results }) => results);
}

const overloaded: CallSession = () => Promise.reject(Object.assign(new Error("too much"), { overloaded: true }));

const dataSet: Repair = { edits: [{ op: "set", path: "/data", value: { fixed: true } }] };

describe("a replay", () => {
  it("stores events that its repair makes valid and resolves their errors with a link to the event", async () => {
    const session = "fixed";
    const at = (second: number) => `2021-01-01 09:15:${second}.000000`;
    await send(session, [
      ["a", eventOf(session, { timestamp: at(10) })],
      ["b", eventOf(session, { timestamp: at(11), data: null })],
      ["c", eventOf(session, { timestamp: at(12) })],
    ]);
    const id = await begin({ filter: { ...ANY, application: session } }, dataSet);
    expect(await run(id)).toMatchObject({ status: "done", matched: 1, stored: 1, failing: 0, skipped: 0 });
    const found = await storedEvents(session);
    expect(found.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(found[1]).toMatchObject({ application: session, received_at: RECEIVED_AT + 1, data: '{"fixed":true}' });
    const [row] = await rowsOf(await errorIds(["b"]));
    expect(row).toMatchObject({
      ...{ resolved_at: NOW, resolved_session: session, resolved_event_id: "b", replay_id: id, claimed_by: null },
      resolved_occurred_at: found[1]?.occurred_at,
      codes: CODE_BITS.data_invalid,
    });
  });

  it("keeps an event that still fails as one error, with its newest issues and codes", async () => {
    await send("renewed", [["renewed-a", eventOf("renewed", { data: 7, timestamp: "never" })]]);
    const id = await begin({ filter: { ...ANY, application: "renewed" } }, dataSet);
    expect(await run(id)).toMatchObject({ matched: 1, stored: 0, failing: 1 });
    const rows = await rowsOf(await errorIds(["renewed-a"]));
    expect(rows).toMatchObject([
      { resolved_at: null, replayed_at: NOW, replay_id: id, claimed_by: null, codes: CODE_BITS.timestamp_invalid },
    ]);
    expect(JSON.parse(String(rows[0]?.issues))).toMatchObject([{ code: "timestamp_invalid", path: "/timestamp" }]);
  });

  it("duplicates nothing if it runs twice and the original is delivered again", async () => {
    const session = "doubled";
    const original: [string, unknown] = ["doubled-a", eventOf(session, { data: null })];
    await send(session, [original]);
    const ids = await errorIds(["doubled-a"]);
    await run(await begin({ ids }, dataSet));
    expect(await run(await begin({ ids }, dataSet))).toMatchObject({ matched: 1, stored: 0, skipped: 1 });
    const other: Repair = { edits: [{ op: "set", path: "/data", value: { another: true } }] };
    expect(await run(await begin({ ids }, other))).toMatchObject({ skipped: 1 });
    await send(session, [original]);
    expect(await storedEvents(session)).toMatchObject([{ data: '{"fixed":true}' }]);
    expect(await errorIds(["doubled-a"])).toEqual(ids);
    await expectExactCounts();
  });

  it("gives an event the session from its repair and resolves the error in the error's database", async () => {
    const session = await sessionIn(2, "lost");
    await send("lost", [["lost-a", eventOf("undefined")]]);
    const [error] = await storedErrors(["lost-a"]);
    const ids = error === undefined ? [] : [error.id];
    const repair: Repair = { edits: [{ op: "set", path: "/session_id", value: session }] };
    expect(await run(await begin({ ids }, repair))).toMatchObject({ stored: 1 });
    expect(await storedEvents(session)).toMatchObject([{ id: "lost-a", database: 2 }]);
    expect(await rowsOf(ids)).toMatchObject([{ resolved_session: session, resolved_event_id: "lost-a" }]);
  });

  it("resolves an error in another database after its event is written", async () => {
    const session = await sessionIn(1, "apart");
    const repair: Repair = { edits: [{ op: "set", path: "/session_id", value: session }] };
    await send(
      "apart",
      Array.from({ length: 9 }, (_, n): [string, unknown] => [`apart-${n}`, eventOf("null", { n })]),
    );
    const errors = await storedErrors(Array.from({ length: 9 }, (_, n) => `apart-${n}`));
    const apart = errors.filter(({ database }) => database !== 1);
    expect(apart.length).toBeGreaterThan(0);
    const id = await begin({ ids: errors.map((error) => error.id) }, repair);
    // The invocation crashes between the two transactions.
    const write: Write = (database, rows, mayHold) =>
      rows.events.length === 0
        ? Promise.reject(new Error("D1_ERROR: D1 DB is overloaded."))
        : writeBatch(database, rows, mayHold);
    await run(id, { write });
    expect(await storedEvents(session)).toHaveLength(9);
    const open = (await rowsOf(apart.map((error) => error.id))).filter((row) => row.resolved_at === null);
    expect(open).toHaveLength(apart.length);
    expect(await run(id)).toMatchObject({ status: "done", matched: 9, stored: 9, failing: 0 });
    expect(await storedEvents(session)).toHaveLength(9);
    const rows = await rowsOf(errors.map((error) => error.id));
    expect(rows.map((row) => row.resolved_session)).toEqual(errors.map(() => session));
    await expectExactCounts();
  });

  it("validates by its own rules, which may differ from those of the failure", async () => {
    await send("early", [["early-a", eventOf("early", { timestamp: "2021-01-01 09:25:00.000000" })]]);
    const ids = await errorIds(["early-a"]);
    expect(ids).toHaveLength(1);
    expect(await run(await begin({ ids }))).toMatchObject({ failing: 1 });
    const rules = indexRules({ ...NO_RULES, unregistered: "reject" });
    const repair: Repair = { edits: [{ op: "set", path: "/timestamp", value: "2021-01-01 09:15:27" }] };
    const created: number[] = [];
    const replayRules = async (createdAt: number) => {
      created.push(createdAt);
      return rules;
    };
    expect(await run(await begin({ ids }, repair), { replayRules })).toMatchObject({ failing: 1 });
    expect(created).toEqual([NOW]);
    expect(await rowsOf(ids)).toMatchObject([{ codes: CODE_BITS.unplanned_event }]);
    expect(await run(await begin({ ids }, repair))).toMatchObject({ stored: 1 });
  });

  it("keeps an error as a conflict if another event has its new identity, and changes no event", async () => {
    await send("conflict", [
      ["conflict-a", eventOf("conflict")],
      ["conflict-a", eventOf("conflict", { data: null })],
    ]);
    const ids = await errorIds(["conflict-a"]);
    expect(await run(await begin({ ids }, dataSet))).toMatchObject({ failing: 1, stored: 0 });
    expect(await storedEvents("conflict")).toMatchObject([{ data: JSON.stringify(eventOf("x").data) }]);
    expect(await rowsOf(ids)).toMatchObject([{ codes: CODE_BITS.id_conflict, resolved_at: null, claimed_by: null }]);
    expect(await errorIds(["conflict-a"])).toEqual(ids);
    await expectExactCounts();
  });

  it("keeps a conflict whose error is in another database than the event", async () => {
    const session = await sessionIn(2, "rival");
    await send("rival", [["rival-a", eventOf(session)]]);
    await send(
      "rival",
      Array.from({ length: 9 }, (_, n): [string, unknown] => ["rival-a", eventOf("null", { data: { n } })]),
    );
    const ids = await errorIds(["rival-a"]);
    expect(ids).toHaveLength(9);
    const repair: Repair = { edits: [{ op: "set", path: "/session_id", value: session }] };
    expect(await run(await begin({ ids }, repair))).toMatchObject({ matched: 9, failing: 9 });
    expect(await storedEvents(session)).toHaveLength(1);
    expect(new Set((await rowsOf(ids)).map((row) => row.codes))).toEqual(new Set([CODE_BITS.id_conflict]));
  });

  it("stores one event for errors that are repaired to the same content", async () => {
    const session = "merged";
    await send(session, [
      ["merged-a", eventOf(session, { data: 1 })],
      ["merged-a", eventOf(session, { data: 2 })],
    ]);
    const ids = await errorIds(["merged-a"]);
    expect(await run(await begin({ ids }, dataSet))).toMatchObject({ matched: 2, stored: 2 });
    expect(await storedEvents(session)).toMatchObject([{ received_at: RECEIVED_AT, data: '{"fixed":true}' }]);
    await expectExactCounts();
  });

  it("stores an event of a closed partition in its late lane", async () => {
    const event = (data: unknown) => eventOf("late", { timestamp: "2003-03-03 00:00:00", data });
    await send("late", [
      ["late-a", event(null)],
      ["late-b", event({})],
    ]);
    const partition = (await partitions.latest()).find(Date.UTC(2003, 2, 3) * 1_000);
    if (partition === null) throw new Error("no partition covers 2003");
    await sealPartition(databases, partition);
    const id = await begin({ ids: await errorIds(["late-a"]) }, dataSet);
    // The first attempt uses the map from before the partition was closed.
    expect(await run(id)).toMatchObject({ status: "running", stored: 0 });
    expect(await run(id)).toMatchObject({ status: "done", stored: 1 });
    expect(
      (await allEvents()).filter(({ session }) => session === "late").map(({ id, suffix }) => [id, suffix]),
    ).toEqual([
      ["late-a", `${partition.id}l`],
      ["late-b", `${partition.id}s`],
    ]);
  });

  it("skips what cannot be validated: a malformed message, a patch that does not apply, an unknown id", async () => {
    await consume(batchOf(["malformed of replays"]).batch, pipelineWith());
    await send("unfit", [["unfit-a", eventOf("unfit", { data: null })]]);
    const ids = [...(await errorIds(["message-0"])), ...(await errorIds(["unfit-a"])), "nobody's"];
    const repair: Repair = { patch: [{ op: "replace", path: "/data/price", value: 1 }] };
    expect(await run(await begin({ ids }, repair))).toMatchObject({ matched: 3, skipped: 3 });
    expect(await rowsOf(ids)).toMatchObject([{ replayed_at: null, claimed_by: null }, { replayed_at: null }]);
  });

  it("continues in steps of bounded size until all matching errors are done", async () => {
    const many = MAX_ERRORS_PER_STEP * 2 + 7;
    const entries = Array.from({ length: many }, (_, n): [string, unknown] => [
      `many-${n}`,
      eventOf(`many-${n % 9}`, { data: n % 2 === 0 ? null : { n }, ...(n % 3 === 0 ? { timestamp: "never" } : {}) }),
    ]);
    await send("many", entries);
    const failed = entries.filter((_, n) => n % 2 === 0 || n % 3 === 0).length;
    const still = entries.filter((_, n) => n % 3 === 0).length;
    const done = await run(await begin({ filter: { ...ANY, application: "many" } }, dataSet));
    expect(done).toMatchObject({ status: "done", matched: failed, stored: failed - still, failing: still, skipped: 0 });
    expect(done.step).toBe(Math.ceil(failed / MAX_ERRORS_PER_STEP));
  });
});

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
