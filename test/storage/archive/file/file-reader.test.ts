import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { ArchiveFileGone } from "../../../../src/storage/archive/archive-bucket";
import {
  type FileGroup,
  ReadBudget,
  readFooter,
  readGroups,
  runOf,
} from "../../../../src/storage/archive/file/file-reader";
import { emptyEverything } from "../../../compaction/harness";
import { MINUTE, MORNING } from "../../seed";
import { archivedEvent, archiveEvents } from "../archived-files";

beforeEach(emptyEverything);

const EVENTS = Array.from({ length: 25 }, (_, n) =>
  archivedEvent({ id: `event-${n}`, occurredAt: MORNING + n * MINUTE, visitor: n % 2 === 0 ? null : `visitor-${n}` }),
);

describe("a footer", () => {
  it("lists row groups with their rows and times", async () => {
    const { groups } = await readFooter(env.ARCHIVE, await archiveEvents(EVENTS), new ReadBudget(9));
    const found = groups.map(({ number, rowStart, rows, low, high }) => [number, rowStart, rows, low, high]);
    expect(found).toEqual([
      [0, 0, 10, MORNING, MORNING + 9 * MINUTE],
      [1, 10, 10, MORNING + 10 * MINUTE, MORNING + 19 * MINUTE],
      [2, 20, 5, MORNING + 20 * MINUTE, MORNING + 24 * MINUTE],
    ]);
  });

  it("is read once by an isolate", async () => {
    const budget = new ReadBudget(9);
    const file = await archiveEvents(EVENTS.slice(0, 12));
    await readFooter(env.ARCHIVE, file, budget);
    await readFooter(env.ARCHIVE, file, budget);
    expect([budget.reads, budget.left]).toEqual([1, 8]);
  });
});

describe("row groups", () => {
  it("are read with one read, with their values and NULLs", async () => {
    const file = await archiveEvents(EVENTS);
    const budget = new ReadBudget(9);
    const footer = await readFooter(env.ARCHIVE, file, new ReadBudget(9));
    const [, last] = await readGroups(env.ARCHIVE, file, footer, footer.groups.slice(1), budget);
    expect(budget.reads).toBe(1);
    const id = await last?.texts("id");
    const occurredAt = await last?.numbers("occurred_at");
    const visitor = await last?.optionalTexts("visitor_id");
    expect([id?.(1), occurredAt?.(1), visitor?.(1), visitor?.(0)]).toEqual([
      "event-21",
      MORNING + 21 * MINUTE,
      "visitor-21",
      null,
    ]);
  });

  it("of a deleted object cannot be read", async () => {
    const file = await archiveEvents(EVENTS);
    const footer = await readFooter(env.ARCHIVE, file, new ReadBudget(9));
    await env.ARCHIVE.delete(file.key);
    await expect(readGroups(env.ARCHIVE, file, footer, footer.groups, new ReadBudget(9))).rejects.toThrow(
      ArchiveFileGone,
    );
  });
});

describe("one read", () => {
  const group = (number: number, length = 1): FileGroup => ({
    number,
    length,
    rowStart: 0,
    rows: 1,
    offset: 0,
    low: 0,
    high: 0,
  });
  const upTo = (count: number) => Array.from({ length: count }, (_, number) => group(number));

  it.each([
    ["adjacent row groups", upTo(3), 3],
    ["adjacent row groups in descending order", upTo(3).toReversed(), 3],
    ["row groups up to a gap", [group(0), group(1), group(3)], 2],
    ["at most 12 row groups", upTo(20), 12],
    ["at most 6 MB", [group(0, 4_000_000), group(1, 2_000_000), group(2, 1)], 2],
    ["at least one row group, however large", [group(0, 9_000_000), group(1)], 1],
    ["nothing if there is nothing", [], 0],
  ])("takes %s", (_, groups, count) => {
    expect(runOf(groups)).toEqual(groups.slice(0, count));
  });
});
