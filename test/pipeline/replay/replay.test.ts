import { describe, expect, it } from "vitest";
import type { Repair } from "../../../src/model/repair/repair";
import { MAX_ERRORS_PER_STEP } from "../../../src/model/replay";
import { consume } from "../../../src/pipeline/consumer";
import type { Write } from "../../../src/pipeline/write-groups";
import { indexRules, NO_RULES } from "../../../src/rules/rules";
import { CODE_BITS } from "../../../src/storage/core/error-codes";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { writeBatch } from "../../../src/storage/write/write-batch";
import { expectExactCounts } from "../../storage/counts-beside-events";
import {
  allEvents,
  batchOf,
  databases,
  eventOf,
  partitions,
  pipelineWith,
  sessionIn,
  storedErrors,
  storedEvents,
} from "../harness";
import { RECEIVED_AT } from "../sample-events";
import { ANY, begin, dataSet, errorIds, NOW, rowsOf, run, send } from "./replaying";

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
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
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
    await expectExactCounts(databases);
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
