import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import {
  LONG_SESSION_EVENTS,
  LONG_SESSION_MEMORY_MS,
  MAX_HELD_ENTRIES,
  MAX_LOG_ROW_BYTES,
  SESSION_MEMORY_MS,
} from "../../src/model/limits";
import type { Outcome } from "../../src/pipeline/session-protocol";
import {
  acceptAll,
  age,
  arrival,
  call,
  countRowsWritten,
  evict,
  outcomesOf,
  sequencesOf,
  sessionsOfGroup,
  storageOf,
  whileFull,
} from "./group-calls";
import { acceptOne as accept, groupStub } from "./harness";

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
    await whileFull(session, () =>
      expect(accept(call(session, [arrival(session, "b")]))).rejects.toThrow("the disk is full"),
    );
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
