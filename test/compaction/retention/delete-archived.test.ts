import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { deleteFiles, rewriteFilesOf } from "../../../src/compaction/retention/delete-archived";
import { filesByKey } from "../../../src/storage/archive/manifest";
import { firstDatabase } from "../../../src/storage/core/databases";
import { archivedError, archivedEvent, archiveErrors, archiveEvents } from "../../storage/archive/archived-files";
import { HOUR, MINUTE, MORNING } from "../../storage/seed";
import { databases, emptyEverything, ioWith, LATER, readArchive } from "../harness";

beforeEach(emptyEverything);

const NOTHING = { rows: 0, bytes: 0, what: null, hasMore: false };

const files = () => filesByKey(firstDatabase(databases), { after: "", last: null, limit: 1_000 });

/** Two events of two applications in an hour. */
const archiveHour = (hour: number, applications = ["blog", "shop"]) =>
  archiveEvents(
    applications.map((application) =>
      archivedEvent({ id: `${application}-${hour}`, application, occurredAt: MORNING + hour * HOUR + MINUTE }),
    ),
  );

describe("deleteFiles", () => {
  it("deletes the files of a kind whose hour ended before a time, and returns what it deleted", async () => {
    const [first, second] = [await archiveHour(0), await archiveHour(1)];
    const kept = [await archiveHour(2), await archiveErrors([archivedError()])];
    const before = MORNING + 3 * HOUR - 1;
    expect(await deleteFiles(ioWith(), { kind: "events", before })).toEqual({
      rows: 4,
      bytes: first.bytes + second.bytes,
      what: { files: 2, from_hour: "2021-01-01T09:00:00.000Z", to_hour: "2021-01-01T10:00:00.000Z" },
      hasMore: false,
    });
    const left = kept.map(({ key }) => key).sort();
    expect((await files()).map(({ key }) => key).sort()).toEqual(left);
    expect((await env.ARCHIVE.list()).objects.map(({ key }) => key).sort()).toEqual(left);
  });

  it("keeps a file until the last moment of its hour is old enough", async () => {
    await archiveHour(0);
    expect(await deleteFiles(ioWith(), { kind: "events", before: MORNING + HOUR - 1 })).toEqual(NOTHING);
    expect(await deleteFiles(ioWith(), { kind: "events", before: MORNING + HOUR })).toMatchObject({ rows: 2 });
  });

  it("deletes 100 files at a time, the oldest first", async () => {
    for (let hour = 101; hour >= 0; hour--) await archiveHour(hour, ["shop"]);
    const rule = { kind: "events" as const, before: LATER };
    expect(await deleteFiles(ioWith(), rule)).toMatchObject({ rows: 100, hasMore: true });
    expect((await files()).map(({ hour }) => (hour - MORNING / 1_000_000) / 3_600).sort()).toEqual([100, 101]);
    expect(await deleteFiles(ioWith(), rule)).toMatchObject({ rows: 2, hasMore: false });
    expect(await deleteFiles(ioWith(), rule)).toEqual(NOTHING);
  });

  it("does nothing without an archive", async () => {
    await archiveHour(0);
    expect(await deleteFiles(ioWith({ archive: null }), { kind: "events", before: LATER })).toEqual(NOTHING);
  });
});

describe("rewriteFilesOf", () => {
  const rewrite = (application: string, before: number, kind: "events" | "errors" = "events") =>
    rewriteFilesOf(ioWith(), { kind, application, before }, LATER);

  it("takes an application's events out of the files whose hour ended before a time", async () => {
    const before = [await archiveHour(0), await archiveHour(1)];
    const deleted = await rewrite("blog", MORNING + HOUR);
    expect(deleted).toMatchObject({
      rows: 1,
      what: { files: 1, from_hour: "2021-01-01T09:00:00.000Z", to_hour: "2021-01-01T09:00:00.000Z" },
      hasMore: false,
    });
    expect((await readArchive()).map(({ id }) => id)).toEqual(["shop-0", "blog-1", "shop-1"]);
    const sizeOf = (all: readonly { bytes: number }[]) => all.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(deleted.bytes).toBe(sizeOf(before) - sizeOf(await files()));
  });

  it("deletes a file that holds nothing else, and leaves files of other applications as they are", async () => {
    await archiveHour(0, ["blog"]);
    const kept = await archiveHour(1, ["shop"]);
    expect(await rewrite("blog", LATER)).toMatchObject({ rows: 1, what: { files: 1 } });
    expect(await files()).toEqual([kept]);
    expect(await rewrite("blog", LATER)).toEqual(NOTHING);
  });

  it("takes an application's errors out, and keeps those that name none", async () => {
    await archiveErrors([
      archivedError({ id: "a", application: "blog", receivedAt: MORNING }),
      archivedError({ id: "b", application: null, receivedAt: MORNING }),
    ]);
    expect(await rewrite("blog", LATER)).toEqual(NOTHING);
    expect(await rewrite("blog", LATER, "errors")).toMatchObject({ rows: 1 });
    expect((await files()).map(({ rows }) => rows)).toEqual([1]);
  });

  it("does nothing without an archive", async () => {
    await archiveHour(0);
    const rule = { kind: "events" as const, application: "blog", before: LATER };
    expect(await rewriteFilesOf(ioWith({ archive: null }), rule, LATER)).toEqual(NOTHING);
  });
});
