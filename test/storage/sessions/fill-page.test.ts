import { beforeAll, describe, expect, it } from "vitest";
import { ReadBudget } from "../../../src/storage/archive/file/file-reader";
import { packId } from "../../../src/storage/core/packed-id";
import { MAX_SESSION_LIST_ROWS } from "../../../src/storage/core/read-limits";
import { withPartitions } from "../../../src/storage/partitions/known-partitions";
import type { EventKey } from "../../../src/storage/scan/event-order";
import { fillPage, type Listed, listedBy, type SessionQuestion } from "../../../src/storage/sessions/fill-page";
import { ANY_SESSION, conditionsOf } from "../../../src/storage/sessions/session-filter";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";
import { databases, emptySessions } from "./morning-sessions";

const QUESTION: SessionQuestion = {
  ...{ from: null, to: null, filter: ANY_SESSION, size: null, visible: null },
  ...{ limit: 3, after: null, asOf: MORNING + 24 * HOUR, withTimes: false },
};

const keyAt = (session: string, minute: number): EventKey => ({
  ...{ occurredAt: MORNING + minute * MINUTE, receivedAfter: 1_000, tie: 0, session: packId(session) },
});

/** Candidates from the newest to the oldest: s9, s8, … s0, each with its last event. */
const CANDIDATES = Array.from({ length: 10 }, (_, n) => listedBy(keyAt(`s${9 - n}`, 9 - n)));

/** Session n has n + 1 events, the last one in minute n. */
beforeAll(async () => {
  await emptySessions();
  await store(databases, {
    events: CANDIDATES.flatMap(({ session, key }, n) =>
      Array.from({ length: 10 - n }, (_, place) => eventRow({ session, occurredAt: key.occurredAt - place })),
    ),
  });
});

interface Filled {
  page: { sessions: string[]; next: string | null } | null;
  listed: string[];
  checked: number[];
}

/** Fills a page from the candidates, two at a time. */
async function fill(changes: Partial<SessionQuestion> = {}, rowsRead = 0, listed: Listed[] = []): Promise<Filled> {
  const question = { ...QUESTION, ...changes };
  const checked: number[] = [];
  const page = await withPartitions(databases, async (map) => {
    const listing = {
      ...{ source: { databases, bucket: null }, map, question, meter: { rowsRead } },
      ...{ conditions: await conditionsOf(databases, question.filter), budget: new ReadBudget(0) },
    };
    return fillPage(listing, listed, CANDIDATES, (left) => {
      checked.push(left.length);
      return left.slice(0, 2);
    });
  });
  const namesOf = (rows: readonly Listed[]) => rows.map(({ session }) => session);
  const next = CANDIDATES.find(({ key }) => key === page?.next)?.session ?? null;
  return { page: page === null ? null : { sessions: namesOf(page.rows), next }, listed: namesOf(listed), checked };
}

describe("fillPage", () => {
  it("ends when there is one more session than the page shows, and continues after the last that it shows", async () => {
    const { page, checked } = await fill();
    expect(page).toEqual({ sessions: ["s9", "s8", "s7"], next: "s7" });
    expect(checked).toEqual([10, 8]);
  });

  it("returns null if all candidates leave room", async () => {
    const { page, listed } = await fill({ limit: 10 });
    expect(page).toBeNull();
    expect(listed).toHaveLength(10);
  });

  it("counts the sessions that the page has already", async () => {
    const { page } = await fill({}, 0, [listedBy(keyAt("earlier", 20))]);
    expect(page?.sessions).toEqual(["earlier", "s9", "s8"]);
  });

  it("leaves out sessions that an earlier page has passed", async () => {
    // s9 to s5 have an event at or above the cursor.
    const { listed } = await fill({ limit: 10, after: keyAt("s5", 5) });
    expect(listed).toEqual(["s4", "s3", "s2", "s1", "s0"]);
  });

  it("leaves out sessions of another size", async () => {
    const size = { events: { least: 4, most: 6 }, micros: { least: null, most: null } };
    expect((await fill({ limit: 10, size })).listed).toEqual(["s5", "s4", "s3"]);
  });

  it("ends early when it has read enough to measure sessions, and continues after the last that it checked", async () => {
    const size = { events: { least: 100, most: null }, micros: { least: null, most: null } };
    expect((await fill({ size }, MAX_SESSION_LIST_ROWS + 1)).page).toEqual({ sessions: [], next: "s8" });
    expect((await fill({ size }, MAX_SESSION_LIST_ROWS - 10_000)).page).toBeNull();
    // Without a size nothing is measured.
    expect((await fill({ limit: 10 }, MAX_SESSION_LIST_ROWS + 1)).page).toBeNull();
  });
});
