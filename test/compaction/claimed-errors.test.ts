import { beforeEach, describe, expect, it } from "vitest";
import { claimForArchive, nextErrorToArchive, readClaimed } from "../../src/compaction/claimed-errors";
import { cancelReplay, insertReplay } from "../../src/storage/admin/replays";
import { firstDatabase } from "../../src/storage/core/databases";
import { errorRow, MINUTE, MORNING, store } from "../storage/seed";
import { databases, emptyEverything, LATER } from "./harness";

const first = firstDatabase(databases);
/** One database, so that all errors are in one table. */
const only = [first];

beforeEach(emptyEverything);

const errorAt = (minute: number, changes: Parameters<typeof errorRow>[0] = {}) =>
  errorRow({ id: `error-${minute}`, receivedAt: MORNING + minute * MINUTE, ...changes });

const RANGE = { from: MORNING, until: MORNING + 60 * MINUTE };

const next = (before: number) => nextErrorToArchive(first, first, before);

async function claimed(range = RANGE): Promise<string[]> {
  await claimForArchive(first, first, range);
  return (await readClaimed(first, range)).map(({ id }) => id);
}

const claim = (id: string, holder: string) =>
  first.binding.prepare("UPDATE errors SET claimed_by = ?2 WHERE id = ?1").bind(id, holder).run();

const startReplay = (id: string) =>
  insertReplay(first, { id, createdAt: MORNING, selection: { ids: ["error-1"] }, repair: null });

describe("the next error to archive", () => {
  it("is the oldest that was received before a time", async () => {
    await store(only, { errors: [errorAt(2), errorAt(1), errorAt(3)] });
    expect(await next(MORNING + MINUTE)).toBeNull();
    expect(await next(MORNING + MINUTE + 1)).toBe(MORNING + MINUTE);
    expect(await next(LATER)).toBe(MORNING + MINUTE);
  });

  it("is none that a running replay has claimed, until the replay has ended", async () => {
    await store(only, { errors: [errorAt(1), errorAt(2)] });
    await startReplay("replay");
    await claim("error-1", "replay");
    expect(await next(LATER)).toBe(MORNING + 2 * MINUTE);
    await cancelReplay(first, "replay", MORNING);
    expect(await next(LATER)).toBe(MORNING + MINUTE);
  });

  it("is none whose content lacks chunks", async () => {
    const chunk = (part: number) => ({ session: "session", errorId: "error-1", part, content: "x" });
    await store(only, { errors: [errorAt(1, { content: null, parts: 2 })], parts: [chunk(1)] });
    expect(await next(LATER)).toBeNull();
    await store(only, { parts: [chunk(0)] });
    expect(await next(LATER)).toBe(MORNING + MINUTE);
  });
});

describe("claiming errors", () => {
  it("takes those of a range, whose end does not belong to it, in the order of receipt", async () => {
    await store(only, { errors: [errorAt(60), errorAt(2), errorAt(0), errorAt(59)] });
    expect(await claimed()).toEqual(["error-0", "error-2", "error-59"]);
    expect(await claimed({ from: MORNING + MINUTE, until: MORNING + 59 * MINUTE })).toEqual(["error-2"]);
  });

  it("leaves errors of running replays, and takes those of finished ones", async () => {
    await store(only, { errors: [errorAt(1), errorAt(2), errorAt(3)] });
    await startReplay("running");
    await claim("error-1", "running");
    await claim("error-2", "replay that has been deleted");
    expect(await claimed()).toEqual(["error-2", "error-3"]);
    const holder = await first.binding
      .prepare("SELECT claimed_by FROM errors WHERE id = 'error-1'")
      .first("claimed_by");
    expect(holder).toBe("running");
  });

  it("returns the same errors when it is repeated", async () => {
    await store(only, { errors: [errorAt(1), errorAt(2)] });
    expect(await claimed()).toEqual(await claimed());
  });

  it("takes as much content as a step holds: 6 million characters, in chunks or not", async () => {
    const content = "x".repeat(1_000_000);
    const errors = Array.from({ length: 8 }, (_, n) => errorAt(n, n === 0 ? { content: null, parts: 2 } : { content }));
    const parts = [0, 1].map((part) => ({ session: "session", errorId: "error-0", part, content }));
    for (const error of errors) await store(only, { errors: [error] });
    for (const part of parts) await store(only, { parts: [part] });
    expect(await claimed()).toEqual(["error-0", "error-1", "error-2", "error-3", "error-4"]);
  });

  it("takes one error at least, however long it is", async () => {
    const parts = Array.from({ length: 8 }, (_, part) => ({
      ...{ session: "session", errorId: "error-0", part },
      content: "x".repeat(1_000_000),
    }));
    await store(only, { errors: [errorAt(0, { content: null, parts: 8 }), errorAt(1)] });
    for (const part of parts) await store(only, { parts: [part] });
    expect(await claimed()).toEqual(["error-0"]);
  });

  it("reads an error with its whole content and its resolution", async () => {
    const parts = ['{"n":30', ',"a":1}'].map((content, part) => ({
      ...{ session: "s", errorId: "error-1", part, content },
    }));
    const error = errorAt(1, { session: "s", application: null, category: "c", name: "n", content: null, parts: 2 });
    await store(only, { errors: [error], parts });
    await first.binding
      .prepare(
        `UPDATE errors SET resolved_at = 5, resolved_session = 's2', resolved_event_id = 'e2', resolved_occurred_at = 7,
           replayed_at = 9, replay_id = 'r'`,
      )
      .run();
    await claimForArchive(first, first, RANGE);
    const { issues, ...rest } = error;
    expect(await readClaimed(first, RANGE)).toEqual([
      {
        ...rest,
        issues: JSON.stringify(issues),
        content: '{"n":30,"a":1}',
        ...{ resolvedAt: 5, resolvedSession: "s2", resolvedEventId: "e2", resolvedOccurredAt: 7 },
        ...{ replayedAt: 9, replayId: "r" },
      },
    ]);
  });
});
