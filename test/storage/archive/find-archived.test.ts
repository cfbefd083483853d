import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { tieOf } from "../../../src/model/event/event-key";
import { ReadBudget } from "../../../src/storage/archive/file/file-reader";
import { visitorName } from "../../../src/storage/archive/file/session-index";
import { type Archive, filesHolding, findArchived, type SoughtEvent } from "../../../src/storage/archive/find-archived";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { emptyEverything } from "../../compaction/harness";
import { HOUR, MINUTE, MORNING, SECOND } from "../seed";
import { archivedError, archivedEvent, archiveErrors, archiveEvents } from "./archived-files";

const archive: Archive = { bucket: env.ARCHIVE, databases: databasesOf(env) };
const first = firstDatabase(archive.databases);

const EVENTS = Array.from({ length: 40 }, (_, n) =>
  archivedEvent({ session: `session-${n % 4}`, id: `id-${n}`, occurredAt: MORNING + n * MINUTE, visitor: "vera" }),
);
const soughtOf = ({ session, id, occurredAt }: { session: string; id: string; occurredAt: number }): SoughtEvent => ({
  ...{ session, occurredAt, tie: tieOf(id) },
});

beforeAll(async () => {
  await emptyEverything();
  await archiveEvents(EVENTS);
  await archiveEvents([archivedEvent({ session: "session-1", occurredAt: MORNING + HOUR })]);
  await archiveErrors([archivedError({ session: "session-1" })]);
});

describe("events that are sought in the archive", () => {
  it("are found by session, time and id", async () => {
    const [one, , other] = EVENTS;
    if (one === undefined || other === undefined) throw new Error("no events");
    const wrong = [
      { ...one, id: "another id" },
      { ...one, session: "session-1" },
      { ...one, occurredAt: one.occurredAt + 1 },
    ];
    const found = await findArchived(archive, first, [one, other, ...wrong].map(soughtOf), new ReadBudget(50));
    expect([...found.values()]).toEqual([expect.objectContaining(one), expect.objectContaining(other)]);
  });

  it("cost no read of R2 if their sessions are not archived", async () => {
    const budget = new ReadBudget(50);
    const sought = [soughtOf({ session: "unknown", id: "id-1", occurredAt: MORNING })];
    expect((await findArchived(archive, first, sought, budget)).size).toBe(0);
    expect((await findArchived(archive, first, [], budget)).size).toBe(0);
    expect(budget.reads).toBe(0);
  });
});

describe("the files that hold a session", () => {
  const hours = { first: MORNING / SECOND, last: (MORNING + HOUR) / SECOND };

  it("are those of its hours, with its row groups", async () => {
    const found = await filesHolding(archive, first, ["session-1"], hours);
    expect(found.map(({ groups }) => groups)).toEqual(
      expect.arrayContaining([
        { first: 0, last: 3 },
        { first: 0, last: 0 },
      ]),
    );
    const earlier = await filesHolding(archive, first, ["session-1"], { ...hours, last: hours.first });
    expect(earlier).toHaveLength(1);
  });

  it("are found by visitor too, and span the row groups of all names", async () => {
    const [found] = await filesHolding(archive, first, [visitorName("vera"), "session-3"], hours);
    expect(found?.groups).toEqual({ first: 0, last: 3 });
  });

  it("are files of one kind, events unless errors are wanted", async () => {
    const kinds = async (kind?: "errors") =>
      (
        await filesHolding(archive, first, ["session-1", "\u0001session session-1"], {
          ...(kind && { kind }),
          ...hours,
        })
      ).map(({ file }) => file.kind);
    expect(await kinds()).toEqual(["events", "events"]);
    expect(await kinds("errors")).toEqual(["errors"]);
  });
});
