import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/model/config";
import type { Repair } from "../../src/model/repair";
import { MAX_ERRORS_PER_STEP, type ReplayMessage, type ReplaySelection } from "../../src/model/replay";
import { consume, type Pipeline } from "../../src/pipeline/consumer";
import { consumeReplays, type ReplayPipeline } from "../../src/pipeline/replay";
import { indexRules, NO_RULES } from "../../src/rules/rules";
import { rulesInForce } from "../../src/rules/rules-in-force";
import { type Database, homeDatabase } from "../../src/storage/databases";
import { CODE_BITS } from "../../src/storage/error-codes";
import { insertReplay, loadReplay, type Replay } from "../../src/storage/replays";
import { batchOf, databases, envelopeOf, eventOf, pipelineWith, storedErrors, storedEvents } from "./harness";
import { RECEIVED_AT } from "./sample-events";

const [first] = databases;
if (first === undefined) throw new Error("There is no database.");
const home: Database = first;

const ANY = { code: null, session: null, category: null, name: null, application: null, from: null, to: null };
const NOW = RECEIVED_AT + 60_000_000;

let replays = 0;

/** Sends events through the pipeline under one application: those that fail become its errors. */
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

/** Delivers the steps of a replay until none is asked for. */
async function run(id: string, changes: Partial<ReplayPipeline> = {}, first = 0): Promise<Replay> {
  const asked: ReplayMessage[] = [{ v: 1, replay: id, step: first }];
  for (let message = asked.shift(); message !== undefined; message = asked.shift()) {
    const { batch, acked } = batchOf([message]);
    await consumeReplays(batch, replayPipeline(asked, changes));
    if (acked.length === 0) break;
  }
  const replay = await loadReplay(home, id);
  if (replay === null) throw new Error("the replay is gone");
  return replay;
}

function replayPipeline(asked: ReplayMessage[], changes: Partial<ReplayPipeline> = {}): ReplayPipeline {
  const sendReplay = async (message: ReplayMessage) => void asked.push(message);
  return { ...pipelineWith(), sendReplay, errorsPerStep: MAX_ERRORS_PER_STEP, now: () => NOW, ...changes };
}

const errorIds = async (eventIds: string[]) => (await storedErrors(eventIds)).map(({ id }) => id);

async function rowsOf(ids: string[]) {
  const sql = `SELECT issues, resolved_at, resolved_session, resolved_sequence, replayed_at, replay_id, claimed_by, codes
    FROM errors WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY received_at`;
  const found = await Promise.all(
    databases.map(({ binding }) => binding.prepare(sql).bind(JSON.stringify(ids)).all<Record<string, unknown>>()),
  );
  return found.flatMap(({ results }) => results);
}

const dataSet: Repair = { edits: [{ op: "set", path: "/data", value: { mended: true } }] };

describe("a replay", () => {
  it("takes what its repair makes valid to its right place, and resolves the error with a link to the event", async () => {
    const session = "mended";
    const at = (second: number) => `2021-01-01 09:15:${second}.000000`;
    await send(session, [
      ["a", eventOf(session, { timestamp: at(10) })],
      ["b", eventOf(session, { timestamp: at(11), data: null })],
      ["c", eventOf(session, { timestamp: at(12) })],
    ]);
    const id = await begin({ filter: { ...ANY, application: session } }, dataSet);
    expect(await run(id)).toMatchObject({ status: "done", matched: 1, stored: 1, failing: 0, skipped: 0 });
    const found = await storedEvents(session);
    expect(found.map((event) => [event.id, event.sequence])).toEqual([
      ["a", 1],
      ["b", 3],
      ["c", 2],
    ]);
    expect(found[1]).toMatchObject({ application: session, received_at: RECEIVED_AT + 1, data: '{"mended":true}' });
    const [row] = await rowsOf(await errorIds(["b"]));
    expect(row).toMatchObject({
      ...{ resolved_at: NOW, resolved_session: session, resolved_sequence: 3, replay_id: id, claimed_by: null },
      codes: CODE_BITS.data_invalid,
    });
  });

  it("leaves what still fails as one error, with its newest issues and their codes", async () => {
    await send("renewed", [["renewed-a", eventOf("renewed", { data: 7, timestamp: "never" })]]);
    const id = await begin({ filter: { ...ANY, application: "renewed" } }, dataSet);
    expect(await run(id)).toMatchObject({ matched: 1, stored: 0, failing: 1 });
    const rows = await rowsOf(await errorIds(["renewed-a"]));
    expect(rows).toMatchObject([
      { resolved_at: null, replayed_at: NOW, replay_id: id, claimed_by: null, codes: CODE_BITS.timestamp_invalid },
    ]);
    expect(JSON.parse(String(rows[0]?.issues))).toMatchObject([{ code: "timestamp_invalid", path: "/timestamp" }]);
  });

  it("twice, and then the original delivered again, doubles nothing", async () => {
    const session = "doubled";
    const original: [string, unknown] = ["doubled-a", eventOf(session, { data: null })];
    await send(session, [original]);
    const ids = await errorIds(["doubled-a"]);
    await run(await begin({ ids }, dataSet));
    expect(await run(await begin({ ids }, dataSet))).toMatchObject({ matched: 1, stored: 0, skipped: 1 });
    const other: Repair = { edits: [{ op: "set", path: "/data", value: { another: true } }] };
    expect(await run(await begin({ ids }, other))).toMatchObject({ skipped: 1 });
    await send(session, [original]);
    expect(await storedEvents(session)).toMatchObject([{ data: '{"mended":true}', sequence: 1 }]);
    expect(await errorIds(["doubled-a"])).toEqual(ids);
    const counts = await Promise.all(
      databases.map(({ binding }) =>
        binding
          .prepare(
            "SELECT sum(value) AS n FROM counts, json_each(by_series) JOIN series ON series_id = key WHERE application = ?1 AND seconds = 60",
          )
          .bind(session)
          .first<number>("n"),
      ),
    );
    expect(counts.reduce<number>((sum, n) => sum + (n ?? 0), 0)).toBe(1);
  });

  it("gives an event the session that its repair names, and settles the error in the database where it lies", async () => {
    const session = Array.from({ length: 50 }, (_, n) => `lost-${n}`).find((name) => homeDatabase(name, 3) === 2) ?? "";
    await send("lost", [["lost-a", eventOf("undefined")]]);
    const ids = await errorIds(["lost-a"]);
    const repair: Repair = { edits: [{ op: "set", path: "/session_id", value: session }] };
    expect(await run(await begin({ ids }, repair))).toMatchObject({ stored: 1 });
    expect(await storedEvents(session)).toMatchObject([{ id: "lost-a", database: 2 }]);
    expect(await rowsOf(ids)).toMatchObject([{ resolved_session: session, resolved_sequence: 1 }]);
  });

  it("is not bound by what the session remembers of the failure: rules may have changed", async () => {
    const session = "early";
    const strict = pipelineWith();
    const event = eventOf(session, { timestamp: "2021-01-01 09:25:00.000000" });
    await send(session, [["early-a", event]]);
    const ids = await errorIds(["early-a"]);
    expect(ids).toHaveLength(1);
    expect(await run(await begin({ ids }))).toMatchObject({ failing: 1 });
    const repair: Repair = { edits: [{ op: "set", path: "/timestamp", value: "2021-01-01 09:15:27" }] };
    expect(await run(await begin({ ids }, repair), { config: strict.config })).toMatchObject({ stored: 1 });
  });

  it("is judged by the rules in force at its creation plus the lead, in every step", async () => {
    const session = "replay-rules";
    await send(session, [
      ["late-a", eventOf(session, { data: null })],
      ["late-b", eventOf(session, { data: null })],
    ]);
    const id = await begin({ filter: { ...ANY, application: session } }, dataSet);
    const lead = 60_000_000;
    const config = { ...parseConfig(env), ruleLeadMicros: lead };
    const asked: number[][] = [];
    const retired = indexRules({ unregistered: "reject", types: [] });
    const rules = async (receipts: Iterable<number>) => {
      asked.push([...receipts]);
      return rulesInForce([
        { since: 0, until: NOW + lead, rules: indexRules(NO_RULES) },
        { since: NOW + lead, until: NOW + lead + 1, rules: retired },
      ]);
    };
    const later = { config, rules, errorsPerStep: 1, now: () => NOW + 10 * lead };
    expect(await run(id, later)).toMatchObject({ matched: 2, stored: 0, failing: 2 });
    expect(asked).toEqual([[NOW + lead], [NOW + lead]]);
    expect(await storedErrors(["late-a", "late-b"])).toMatchObject([
      { codes: ["unplanned_event"] },
      { codes: ["unplanned_event"] },
    ]);
  });

  it("keeps ids to one event: a failure under a stored id stays a conflict", async () => {
    await send("conflict", [
      ["conflict-a", eventOf("conflict")],
      ["conflict-a", eventOf("conflict", { data: { other: 1 } })],
    ]);
    const ids = await errorIds(["conflict-a"]);
    expect(await run(await begin({ ids }, dataSet))).toMatchObject({ failing: 1 });
    expect(await storedEvents("conflict")).toHaveLength(1);
    expect(await rowsOf(ids)).toMatchObject([{ codes: CODE_BITS.id_conflict }]);
  });

  it("passes over what nothing can judge: poison, a patch that does not apply, an id that is no error's", async () => {
    await consume(batchOf(["poison of replays"]).batch, pipelineWith());
    await send("unfit", [["unfit-a", eventOf("unfit", { data: null })]]);
    const ids = [...(await errorIds(["message-0"])), ...(await errorIds(["unfit-a"])), "nobody's"];
    const repair: Repair = { patch: [{ op: "replace", path: "/data/price", value: 1 }] };
    expect(await run(await begin({ ids }, repair))).toMatchObject({ matched: 3, skipped: 3 });
    expect(await rowsOf(ids)).toMatchObject([{ replayed_at: null, claimed_by: null }, { replayed_at: null }]);
  });

  it("goes on in steps of bounded size until all that matched is done", async () => {
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

describe("a step", () => {
  it("that crashes before it is counted counts once, and loses none of what it did", async () => {
    const session = "crashed";
    await send(session, [
      ["crashed-a", eventOf(session, { data: null })],
      ["crashed-b", eventOf(session, { data: null, timestamp: "never" })],
    ]);
    // A filter that the still failing event no longer matches once its issues are new.
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

  it("that is delivered again after it was counted asks for the next one, and does nothing else", async () => {
    const entries = Array.from({ length: MAX_ERRORS_PER_STEP + 1 }, (_, n): [string, unknown] => [
      `again-${n}`,
      eventOf("again", { data: null }),
    ]);
    await send("again", entries);
    const id = await begin({ filter: { ...ANY, application: "again" } }, dataSet);
    // The next step is never asked for: the invocation ended in between.
    await run(id, { sendReplay: () => Promise.reject(new Error("the invocation ends here")) });
    expect(await loadReplay(home, id)).toMatchObject({ step: 1, matched: MAX_ERRORS_PER_STEP });
    expect(await run(id)).toMatchObject({ status: "done", matched: entries.length, stored: entries.length });
    expect(await run(id)).toMatchObject({ matched: entries.length });
  });

  it("waits for a session that cannot be reached, and passes over one that is refused for good", async () => {
    await send("stuck", [["stuck-a", eventOf("stuck", { data: null })]]);
    const id = await begin({ filter: { ...ANY, application: "stuck" } }, dataSet);
    const message: ReplayMessage = { v: 1, replay: id, step: 0 };
    const refusing = replayPipeline([], { callGroup: () => Promise.reject(new Error("a bug")) });
    const early = batchOf([message], { attempts: 1 });
    await consumeReplays(early.batch, refusing);
    expect([early.acked, early.retried.size]).toEqual([[], 1]);
    const away = replayPipeline([], {
      callGroup: () => Promise.reject(Object.assign(new Error("too much"), { overloaded: true })),
    });
    const patient = batchOf([message], { attempts: 50 });
    await consumeReplays(patient.batch, away);
    expect(patient.acked).toEqual([]);
    const late = batchOf([message], { attempts: 5 });
    await consumeReplays(late.batch, refusing);
    expect(late.acked).toEqual([0]);
    expect(await loadReplay(home, id)).toMatchObject({ status: "done", skipped: 1 });
    // The replay is over, so what it held is free.
    expect(await run(await begin({ filter: { ...ANY, application: "stuck" } }, dataSet))).toMatchObject({ stored: 1 });
  });

  it("is sent anew before the platform would delete it", async () => {
    const asked: ReplayMessage[] = [];
    await send("renewing", [["renewing-a", eventOf("renewing", { data: null })]]);
    const message: ReplayMessage = {
      v: 1,
      replay: await begin({ filter: { ...ANY, application: "renewing" } }),
      step: 0,
    };
    const { batch, acked } = batchOf([message], { attempts: 95 });
    const callGroup = () => Promise.reject(Object.assign(new Error("too much"), { overloaded: true }));
    await consumeReplays(batch, replayPipeline(asked, { callGroup }));
    expect([asked, acked]).toEqual([[message], [0]]);
  });

  it("leaves alone what another replay has in hand", async () => {
    await send("held", [["held-a", eventOf("held", { data: null })]]);
    const ids = await errorIds(["held-a"]);
    const holder = await begin({ ids }, dataSet);
    const stuck = { callGroup: () => Promise.reject(Object.assign(new Error("gone"), { overloaded: true })) };
    await run(holder, stuck);
    expect(await rowsOf(ids)).toMatchObject([{ claimed_by: holder }]);
    expect(await run(await begin({ ids }, dataSet))).toMatchObject({ skipped: 1, stored: 0 });
    expect(await run(holder)).toMatchObject({ stored: 1 });
    expect(await rowsOf(ids)).toMatchObject([{ claimed_by: null, replay_id: holder }]);
  });

  it("that is no step of ours is acknowledged, and no session is asked", async () => {
    const { batch, acked } = batchOf([{ v: 2 }, { v: 1, replay: "nobody's", step: 0 }]);
    await consumeReplays(batch, replayPipeline([], { callGroup: () => Promise.reject(new Error("asked")) }));
    expect(acked).toEqual([0, 1]);
    expect(env.REPLAYS).toBeDefined();
  });
});
