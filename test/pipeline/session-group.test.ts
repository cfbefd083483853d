import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import {
  ACTIVITY_SLOT_MICROS,
  LONG_SESSION_EVENTS,
  LONG_SESSION_MEMORY_MS,
  MAX_HELD_ENTRIES,
  MAX_LOG_ROW_BYTES,
  SESSION_MEMORY_MS,
} from "../../src/model/limits";
import { groupOf } from "../../src/model/session-groups";
import { formatTimestamp } from "../../src/model/time";
import type { AcceptAnswer, AcceptCall, Arrival, Outcome } from "../../src/pipeline/session-protocol";
import { NO_RULES } from "../../src/rules/rules";
import { acceptOne as accept, eventOf, groupStub } from "./harness";
import { RECEIVED_AT } from "./sample-events";

function call(session: string, arrivals: Arrival[], changes: Partial<AcceptCall> = {}): AcceptCall {
  return { session, home: 1, presence: { kind: "absent" }, arrivals, ...changes };
}

function arrival(session: string, id: string, changes: Record<string, unknown> = {}): Arrival {
  return { id, application: "shop", receivedAt: RECEIVED_AT, text: JSON.stringify(eventOf(session, changes)) };
}

/** What D1 says of a session of which no event is stored. */
const NOTHING = { lastSequence: 0, openSlots: [], until: 0 };

const evict = (session: string) => evictDurableObject(groupStub(session));

/** Sessions that share a group with no other test's. */
function sessionsOfGroup(number: number, count: number, prefix = "s"): string[] {
  const names = Array.from({ length: 60 * count + 500 }, (_, index) => `${prefix}${number}-${index}`);
  return names.filter((session) => groupOf(session) === `group-${number}`).slice(0, count);
}

/** Has the group of these sessions decide on all of them in one call, some time from now. */
async function acceptAll(calls: AcceptCall[], laterMs = 0): Promise<AcceptAnswer[]> {
  return runInDurableObject(groupStub(calls[0]?.session ?? ""), async (instance) => {
    const real = Date.now;
    Date.now = () => real() + laterMs;
    try {
      return await instance.accept({ calls, rules: NO_RULES });
    } finally {
      Date.now = real;
    }
  });
}

/** Sets the group's clock forward: what it wrote is older by so much. */
async function age(session: string, ms: number): Promise<void> {
  await runInDurableObject(groupStub(session), (_, { storage: { sql } }) => {
    for (const { slot, headings } of sql.exec<{ slot: number; headings: string }>("SELECT * FROM log").toArray()) {
      const read: [string, number, number][] = JSON.parse(headings);
      const older = read.map(([name, keepUntil, since]) => [name, keepUntil - ms, since]);
      sql.exec(
        "UPDATE log SET written_at = written_at - ?, headings = ? WHERE slot = ?",
        ms,
        JSON.stringify(older),
        slot,
      );
    }
  });
  await evict(session);
}

function outcomesOf(answer: AcceptAnswer | undefined): Outcome[] {
  if (answer?.kind !== "decided") throw new Error(`the group answers ${answer?.kind}`);
  return answer.outcomes;
}

const sequencesOf = (answer: AcceptAnswer | undefined) =>
  outcomesOf(answer).map((outcome) => (outcome.kind === "stored" ? outcome.sequence : outcome.kind));

/** Counts the rows that a group writes from now on, as they are billed. */
function countRowsWritten(session: string): Promise<() => number> {
  return runInDurableObject(groupStub(session), (_, { storage }) => {
    const sql: SqlStorage = Object.getPrototypeOf(storage.sql);
    const { exec } = sql;
    let rows = 0;
    sql.exec = function <Row extends Record<string, SqlStorageValue>>(
      this: SqlStorage,
      ...asked: [string, ...unknown[]]
    ) {
      const cursor = exec.apply(this, asked) as SqlStorageCursor<Row>;
      rows += cursor.rowsWritten;
      return cursor;
    };
    return () => rows;
  });
}

/** The rows of a group's log, and how many entries its index has. */
function storageOf(
  session: string,
): Promise<{ rows: { slot: number; number: number; segments: string }[]; indexed: number }> {
  return runInDurableObject(groupStub(session), (_, { storage: { sql } }) => ({
    rows: sql
      .exec<{ slot: number; number: number; segments: string }>("SELECT slot, number, segments FROM log ORDER BY slot")
      .toArray(),
    indexed: Number(sql.exec("SELECT count(*) AS n FROM remembered").one().n),
  }));
}

describe("a group", () => {
  it("gives the same answer after eviction", async () => {
    const one = call("evicted", [
      arrival("evicted", "a"),
      arrival("evicted", "b", { data: 7 }),
      arrival("evicted", "c"),
    ]);
    const first = outcomesOf(await accept(one));
    await evict("evicted");
    expect(outcomesOf(await accept(one))).toEqual(first.map((outcome) => ({ ...outcome, duplicate: true })));
  });

  it("decides calls that come at once one after the other", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        accept(call("busy", [arrival("busy", `${index % 10}`), arrival("busy", `own-${index}`)])),
      ),
    );
    const events = new Map(
      answers
        .flatMap(outcomesOf)
        .map((outcome, index) => [index % 2 === 0 ? `${(index / 2) % 10}` : `own-${index}`, outcome]),
    );
    const sequences = [...events.values()].map((outcome) => (outcome.kind === "stored" ? outcome.sequence : 0));
    expect(sequences.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  });

  it("takes whatever JSON an application may send without throwing", async () => {
    const texts = [
      "null",
      "7",
      '""',
      "[]",
      "{}",
      '{"__proto__":{"session_id":"x"}}',
      `{"0":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
    ];
    const arrivals = texts.map(
      (text, index): Arrival => ({ id: `${index}`, application: "shop", receivedAt: RECEIVED_AT, text }),
    );
    const outcomes = outcomesOf(await accept(call("hostile", arrivals)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(texts.map(() => "failed"));
    await evict("hostile");
    expect(outcomesOf(await accept(call("hostile", arrivals)))).toEqual(
      outcomes.map((outcome) => ({ ...outcome, duplicate: true })),
    );
  });
});

describe("a session that its group does not remember", () => {
  it("begins the session in its home where no database holds it", async () => {
    expect(await accept(call("begin", [arrival("begin", "a")]))).toMatchObject({ kind: "decided", database: 1 });
    await evict("begin");
    // The home of a session that has begun is what its object remembers, however the list of databases grows.
    expect(
      await accept(call("begin", [arrival("begin", "a")], { home: 2, presence: { kind: "unknown" } })),
    ).toMatchObject({ database: 1 });
  });

  it("decides nothing and keeps nothing while it is unknown whether the session exists", async () => {
    const one = call("unknown", [arrival("unknown", "a")], { presence: { kind: "unknown" } });
    expect(await accept(one)).toEqual({ kind: "undecided" });
    expect(await accept({ ...one, presence: { kind: "absent" } })).toMatchObject({ kind: "decided" });
  });

  it("asks for the history of a session that a database holds, and continues it", async () => {
    const session = "returning";
    const one = call(
      session,
      [arrival(session, "old"), arrival(session, "new"), arrival(session, "old-2", { data: { other: 1 } })],
      {
        presence: { kind: "present", database: 2 },
      },
    );
    const needed = { kind: "history_needed", database: 2 };
    expect(await accept(one)).toMatchObject(needed);
    expect(await accept(one)).toMatchObject(needed);

    const { category, name, data, timestamp } = eventOf(session);
    const stored = {
      application: "blog",
      category,
      name,
      occurredAt: RECEIVED_AT - 1_000_000,
      receivedAt: RECEIVED_AT - 5,
      opens: true,
      data: JSON.stringify(data),
    };
    expect(formatTimestamp(stored.occurredAt)).toBe(`${timestamp.replace(" ", "T")}Z`);
    const history = {
      summary: {
        lastSequence: 41,
        openSlots: [Math.floor(stored.occurredAt / ACTIVITY_SLOT_MICROS)],
        until: stored.occurredAt,
      },
      events: [
        { ...stored, id: "old", sequence: 7 },
        { ...stored, id: "old-2", sequence: 8 },
      ],
      failures: [],
    };
    const answer = await accept({ ...one, history });
    expect(answer).toMatchObject({ kind: "decided", database: 2 });
    expect(outcomesOf(answer)).toMatchObject([
      { kind: "stored", sequence: 7, application: "blog", receivedAt: RECEIVED_AT - 5, duplicate: true },
      { kind: "stored", sequence: 42, opens: false, duplicate: false },
      { kind: "failed", issues: [{ code: "id_conflict" }] },
    ]);
    await evict(session);
    expect(await accept(call(session, [arrival(session, "next")]))).toMatchObject({
      ...needed,
      until: stored.occurredAt,
    });
    // Of what occurred until then it is told of the arrivals alone; the rest it knows.
    const history2 = { summary: null, events: [], failures: [] };
    const next = outcomesOf(await accept(call(session, [arrival(session, "next")], { history: history2 })));
    expect(next).toMatchObject([{ kind: "stored", sequence: 43, opens: false }]);
  });

  it("is asked about as a whole again where it was forgotten while D1 told of a part", async () => {
    const session = "forgotten meanwhile";
    const present = { presence: { kind: "present", database: 0 } } as const;
    const partly = { history: { summary: null, events: [], failures: [] } };
    const one = call(session, [arrival(session, "new")], present);
    expect(await accept({ ...one, ...partly })).toMatchObject({ kind: "history_needed", until: null });
    const whole = { history: { ...partly.history, summary: { ...NOTHING, lastSequence: 5 } } };
    expect(sequencesOf(await accept({ ...one, ...whole }))).toEqual([6]);
  });

  it("keeps the verdict that an error of it tells of, whatever the rules say by now", async () => {
    const session = "failed-before";
    const one = call(session, [arrival(session, "a", { data: 7 }), arrival(session, "b")], {
      presence: { kind: "present", database: 0 },
    });
    const asked = await accept(one);
    if (asked.kind !== "history_needed") throw new Error(`the group answers ${asked.kind}`);
    expect(asked.errorIds).toHaveLength(2);
    const issues = [{ code: "category_invalid" as const, path: "/category", message: "as it was" }];
    const failure = { errorId: asked.errorIds[0] ?? "", receivedAt: RECEIVED_AT - 9, application: "blog", issues };
    const history = { summary: NOTHING, events: [], failures: [failure] };
    expect(outcomesOf(await accept({ ...one, history }))).toMatchObject([
      { kind: "failed", ...failure, duplicate: true },
      { kind: "stored", sequence: 1, duplicate: false },
    ]);
  });
});

describe("the log of a group", () => {
  const HOUR = SESSION_MEMORY_MS;

  it("has one row for a call, whatever it brings of how many sessions, and none where all is known", async () => {
    const sessions = sessionsOfGroup(1, 30);
    const calls = (...ids: string[]) =>
      sessions.map((session) =>
        call(
          session,
          ids.map((id) => arrival(session, id)),
        ),
      );
    await acceptAll(calls("a", "b"));
    await acceptAll(calls("b", "c"));
    const before = await storageOf(sessions[0] ?? "");
    expect(before.rows.map(({ slot, number }) => [slot, number])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    await acceptAll(calls("a", "b", "c"));
    await acceptAll(calls());
    await evict(sessions[0] ?? "");
    const again = await acceptAll(calls("c", "a"));
    expect(again.map(sequencesOf)).toEqual(sessions.map(() => [3, 1]));
    expect(await storageOf(sessions[0] ?? "")).toEqual(before);
  });

  it("is written over row by row once its rows are old enough, at one row a call, and grows no further", async () => {
    const sessions = sessionsOfGroup(2, 40);
    const written = await countRowsWritten(sessions[0] ?? "");
    for (const [index, session] of sessions.entries()) {
      await acceptAll([call(session, [arrival(session, "a")])], index * (HOUR / 10));
      expect(written()).toBe(index + 1);
    }
    const { rows } = await storageOf(sessions[0] ?? "");
    expect(rows.length).toBeLessThanOrEqual(11);
    expect(Math.max(...rows.map(({ number }) => number))).toBe(40);
  });

  it.each([
    ["while the group is awake", false],
    ["while it wakes", true],
  ])("forgets a session that has been quiet for long enough: %s", async (_, isAsleep) => {
    const [quiet = "", other = ""] = sessionsOfGroup(isAsleep ? 3 : 4, 2);
    await acceptAll([call(quiet, [arrival(quiet, "a")])]);
    if (isAsleep) await age(quiet, HOUR + 1_000);
    await acceptAll([call(other, [arrival(other, "a")])], isAsleep ? 0 : HOUR + 1_000);
    const { rows } = await storageOf(quiet);
    expect(rows.filter(({ segments }) => segments.includes(`"${quiet}"`))).toEqual([]);
    const back = call(quiet, [arrival(quiet, "b")], { presence: { kind: "present", database: 1 } });
    expect(await acceptAll([back])).toMatchObject([{ kind: "history_needed" }]);
  });

  it("remembers a session that goes on, whole, however long ago it began", async () => {
    const [session = "", ...others] = sessionsOfGroup(5, 4);
    for (let hour = 0; hour < 12; hour++) {
      const own = [arrival(session, `e${hour}`), ...(hour === 0 ? [arrival(session, "bad", { data: 7 })] : [])];
      // Every 40 minutes, and others between.
      expect(sequencesOf((await acceptAll([call(session, own)], (hour * (HOUR * 2)) / 3))[0])[0]).toBe(hour + 1);
      for (const other of others) {
        await acceptAll([call(other, [arrival(other, `o${hour}`)])], (hour * (HOUR * 2)) / 3 + 60_000);
      }
    }
    const all = Array.from({ length: 12 }, (_, hour) => arrival(session, `e${hour}`));
    const expected = [...all.map((_, index) => index + 1), "failed"];
    const check = () => acceptAll([call(session, [...all, arrival(session, "bad", { data: 7 })])], 8 * HOUR);
    const [first] = await check();
    expect(sequencesOf(first)).toEqual(expected);
    expect(outcomesOf(first).every(({ duplicate }) => duplicate)).toBe(true);
    const { rows } = await storageOf(session);
    expect(rows.length).toBeLessThan(12);
  });

  it("keeps a number once given, though carried on in another order", async () => {
    const [session = "", other = ""] = sessionsOfGroup(6, 2);
    await acceptAll([call(session, [arrival(session, "a")])]);
    await acceptAll(
      [
        call(
          session,
          ["b", "c", "d"].map((id) => arrival(session, id)),
        ),
      ],
      HOUR / 2,
    );
    // Carries the first row behind the second.
    await acceptAll([call(other, [arrival(other, "a")])], HOUR + 1_000);
    await runInDurableObject(groupStub(session), (_, { storage: { sql } }) => {
      for (const { slot, headings } of sql.exec<{ slot: number; headings: string }>("SELECT * FROM log").toArray()) {
        const read: [string, number, number][] = JSON.parse(headings);
        const later = JSON.stringify(read.map(([name, keepUntil, since]) => [name, keepUntil + 9 * HOUR, since]));
        sql.exec("UPDATE log SET headings = ? WHERE slot = ?", later, slot);
      }
    });
    await evict(session);
    expect(
      sequencesOf(
        await accept(
          call(
            session,
            ["a", "d", "e"].map((id) => arrival(session, id)),
          ),
        ),
      ),
    ).toEqual([1, 4, 5]);
  });

  it("does not bring back a part of a session that it has forgotten", async () => {
    const [session = "", ...others] = sessionsOfGroup(7, 7);
    // The first row of the session is written over with others, and then the whole session is forgotten; its second stays.
    for (const name of [session, ...others.slice(0, 4), session, ...others.slice(4)]) {
      await acceptAll([call(name, [arrival(name, name === session ? crypto.randomUUID() : "a")])]);
    }
    const [, second] = (await storageOf(session)).rows.filter(({ segments }) => segments.includes(`"${session}"`));
    const late = [others[0] ?? "", session].map((name) => call(name, [arrival(name, "c")]));
    for (const [index, one] of late.entries()) await acceptAll([one], HOUR + 1_000 * (index + 1));
    // It has begun anew: no database knew it, since nothing of it was ever written.
    expect((await storageOf(session)).rows).toContainEqual(second);
    await evict(session);
    const old = JSON.parse(second?.segments ?? "")[0].stored[0].id;
    const asked = call(
      session,
      ["c", "d", old].map((id) => arrival(session, id)),
    );
    expect(sequencesOf((await acceptAll([asked], HOUR + 3_000))[0])).toEqual([1, 2, 3]);
  });

  it("does not bring it back on a machine whose clock is behind", async () => {
    const [session = "", other = ""] = sessionsOfGroup(14, 2);
    await acceptAll([call(session, [arrival(session, "a")])]);
    await acceptAll([call(session, [arrival(session, "b")])]);
    // Forgets the session and writes over its first row. The object's own clock stands an hour earlier.
    await acceptAll([call(other, [arrival(other, "a")])], HOUR + 1_000);
    await evict(session);
    const back = call(session, [arrival(session, "a")], { presence: { kind: "present", database: 1 } });
    expect(await accept(back)).toMatchObject({ kind: "history_needed" });
  });

  it("remembers a long session for as long as a message can live", async () => {
    const [long = "", short = ""] = sessionsOfGroup(8, 2);
    const many = (session: string, count: number) =>
      call(
        session,
        Array.from({ length: count }, (_, index) => arrival(session, `${index}`)),
      );
    await acceptAll([many(long, LONG_SESSION_EVENTS), many(short, LONG_SESSION_EVENTS - 1)]);
    await age(long, LONG_SESSION_MEMORY_MS - HOUR);
    const present = { presence: { kind: "present", database: 1 } } as const;
    const both = [long, short].map((session) => call(session, [arrival(session, "7")], present));
    expect(await acceptAll(both)).toMatchObject([{ kind: "decided" }, { kind: "history_needed" }]);
    await age(long, HOUR + 1_000);
    expect(await acceptAll(both)).toMatchObject([{ kind: "history_needed" }, { kind: "history_needed" }]);
  });

  it("takes several rows for what is too large for one", async () => {
    const [session = "", other = ""] = sessionsOfGroup(9, 2);
    // Failures are remembered with their issues.
    const bulky = (name: string) =>
      Array.from({ length: 400 }, (_, index) => ({
        ...arrival(name, `${index}`),
        text: JSON.stringify({
          ["x".repeat(30)]: index,
          session_id: name,
          category: 1,
          name: 2,
          data: 3,
          timestamp: "4".repeat(5_000),
        }),
      }));
    const calls = [call(session, bulky(session)), call(other, [...bulky(other), arrival(other, "good")])];
    const first = await acceptAll(calls);
    const { rows } = await storageOf(session);
    for (const { segments } of rows) expect(segments.length).toBeLessThanOrEqual(MAX_LOG_ROW_BYTES + 100);
    await evict(session);
    const again = await acceptAll(calls);
    expect(again).toEqual(
      first.map((answer) => ({
        ...answer,
        outcomes: outcomesOf(answer).map((outcome) => ({ ...outcome, duplicate: true })),
      })),
    );
  });

  it("is read again for sessions that are held ready no more", async () => {
    const sessions = sessionsOfGroup(10, 60);
    const each = Math.ceil((2 * MAX_HELD_ENTRIES) / sessions.length);
    const calls = sessions.map((session) =>
      call(
        session,
        Array.from({ length: each }, (_, index) => arrival(session, `${index}`)),
      ),
    );
    const first = await acceptAll(calls);
    for (const [index, one] of calls.entries()) {
      const [again] = await acceptAll([one]);
      expect(outcomesOf(again)).toEqual(outcomesOf(first[index]).map((outcome) => ({ ...outcome, duplicate: true })));
    }
  });

  it("remembers nothing of a call that it could not write", async () => {
    const [session = ""] = sessionsOfGroup(11, 1);
    await acceptAll([call(session, [arrival(session, "a")])]);
    const break_ = (sql: string) =>
      runInDurableObject(groupStub(session), (_, { storage }) => void storage.sql.exec(sql));
    await break_("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT raise(ABORT, 'the disk is full'); END");
    await expect(accept(call(session, [arrival(session, "b")]))).rejects.toThrow("the disk is full");
    await break_("DROP TRIGGER full");
    expect(
      sequencesOf(
        await accept(
          call(
            session,
            ["c", "b", "a"].map((id) => arrival(session, id)),
          ),
        ),
      ),
    ).toEqual([2, 3, 1]);
  });
});

describe("a session at fault", () => {
  it("hurts no other of its group", async () => {
    const [sick = "", well = ""] = sessionsOfGroup(12, 2);
    const broken = { ...arrival(sick, "a"), text: "no JSON" };
    const [first, second] = await acceptAll([call(sick, [broken]), call(well, [arrival(well, "a")])]);
    expect(first).toMatchObject({ kind: "broken" });
    expect(sequencesOf(second)).toEqual([1]);
    expect(sequencesOf(await accept(call(sick, [arrival(sick, "a")])))).toEqual([1]);
  });
});

describe("a session of more events than are held ready", () => {
  const [session = "", other = ""] = sessionsOfGroup(13, 2);
  const calls = Array.from({ length: 6 }, (_, part) =>
    call(
      session,
      Array.from({ length: 2_000 }, (_, index) =>
        arrival(session, `${part}-${index}`, index % 50 === 0 ? { data: index } : {}),
      ),
    ),
  );

  it("knows each of them again, before and after eviction, and goes on", { timeout: 30_000 }, async () => {
    const answers: Outcome[][] = [];
    for (const one of calls) answers.push(outcomesOf(await accept(one)));
    expect((await storageOf(session)).indexed).toBe(12_000);
    const again = async () => {
      for (const [index, one] of calls.entries()) {
        expect(outcomesOf(await accept(one))).toEqual(
          answers[index]?.map((outcome) => ({ ...outcome, duplicate: true })),
        );
      }
    };
    await again();
    await evict(session);
    await again();
    const [next] = outcomesOf(await accept(call(session, [arrival(session, "next")])));
    expect(next).toMatchObject({ kind: "stored", sequence: 6 * 1_960 + 1, opens: false, duplicate: false });
  });

  it("is still known after its rows were written over, and leaves nothing behind when it is forgotten", async () => {
    for (let hours = 2; hours < 5; hours++) {
      await acceptAll([call(other, [arrival(other, `${hours}`)])], hours * SESSION_MEMORY_MS);
    }
    const old = call(session, [arrival(session, "0-1"), arrival(session, "next")]);
    expect(sequencesOf((await acceptAll([old], 5 * SESSION_MEMORY_MS))[0])).toEqual([1, 6 * 1_960 + 1]);
    await age(session, LONG_SESSION_MEMORY_MS + 6 * SESSION_MEMORY_MS);
    expect((await storageOf(session)).indexed).toBe(0);
    expect(sequencesOf(await accept(old))).toEqual([1, 2]);
  });
});
