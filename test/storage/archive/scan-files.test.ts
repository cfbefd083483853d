import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { ArchiveFile } from "../../../src/storage/archive/file/archive-file";
import { ReadBudget } from "../../../src/storage/archive/file/file-reader";
import { type FileScan, scanFiles } from "../../../src/storage/archive/scan-files";
import { emptyEverything } from "../../compaction/harness";
import { HOUR, MINUTE, MORNING } from "../seed";
import { archivedEvent, archiveEvents } from "./archived-files";

interface Key {
  at: number;
  id: string;
}

/** Two files of an hour whose times overlap, and one of the next hour. Every time has two events. */
const EVENTS = Array.from({ length: 60 }, (_, n) =>
  archivedEvent({ id: `id-${String(n).padStart(2, "0")}`, occurredAt: MORNING + Math.floor(n / 2) * 3 * MINUTE }),
);

let files: ArchiveFile[] = [];
beforeAll(async () => {
  await emptyEverything();
  const ofHour = (hour: number) =>
    EVENTS.filter(({ occurredAt }) => Math.floor((occurredAt - MORNING) / HOUR) === hour);
  files = [
    await archiveEvents(ofHour(0).filter((_, n) => n % 3 === 0)),
    await archiveEvents(ofHour(0).filter((_, n) => n % 3 !== 0)),
    await archiveEvents(ofHour(1)),
  ];
});

const SCAN: FileScan<Key> = {
  order: "asc",
  bounds: { low: 0, high: Number.MAX_SAFE_INTEGER },
  after: null,
  limit: 100,
  time: "occurred_at",
  compare: (a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  startOf: (at) => ({ at, id: "" }),
  isScattered: false,
  mayHold: () => true,
  matching: async (columns) => {
    const at = await columns.numbers("occurred_at");
    const rows = Array.from({ length: columns.group.rows }, (_, row) => row);
    return rows.filter((row) => at(row) >= SCAN.bounds.low && at(row) <= SCAN.bounds.high);
  },
  keysOf: async (columns) => {
    const [at, id] = await Promise.all([columns.numbers("occurred_at"), columns.texts("id")]);
    return (row) => ({ at: at(row), id: id(row) });
  },
};

async function pageOf(changes: Partial<FileScan<Key>> = {}, boundary: number | null = null, budget = 100) {
  const listed = { files: files.map((file) => ({ file, groups: null })), boundary };
  const reads = new ReadBudget(budget);
  const { rows, until } = await scanFiles(env.ARCHIVE, listed, { ...SCAN, ...changes }, reads);
  return { ids: rows.map(({ key }) => key.id), until, reads: reads.reads };
}

/** All pages of a scan, each continued after the place that the one before reached. */
async function allPages(changes: Partial<FileScan<Key>>, budget: number) {
  const ids: string[] = [];
  let after: Key | null = null;
  for (let page = 0; page < 200; page++) {
    const moved: { low: number; high: number } =
      after === null
        ? SCAN.bounds
        : changes.order === "desc"
          ? // Nothing is left at the time of a key that precedes all rows of that time.
            { low: 0, high: after.id === "" ? after.at - 1 : after.at }
          : { low: after.at, high: SCAN.bounds.high };
    const found = await pageOf({ ...changes, after, bounds: moved }, null, budget);
    ids.push(...found.ids);
    if (found.until === null) return ids;
    after = found.until;
  }
  throw new Error("the scan does not end");
}

const IDS = EVENTS.map(({ id }) => id);

describe("a scan of files", () => {
  it.each([
    ["asc", IDS],
    ["desc", IDS.toReversed()],
  ] as const)("merges files by key: %s", async (order, expected) => {
    const { ids, until } = await pageOf({ order });
    expect([ids, until]).toEqual([expected, null]);
  });

  it("returns one row more than the limit, and its key", async () => {
    const { ids, until } = await pageOf({ limit: 5 });
    expect(ids).toEqual(IDS.slice(0, 6));
    expect(until?.id).toBe(IDS[5]);
  });

  it.each([
    ["asc", false],
    ["desc", false],
    ["asc", true],
    ["desc", true],
  ] as const)("advances with a budget of one read: %s, scattered: %s", async (order, isScattered) => {
    expect(await allPages({ order, isScattered }, 1)).toEqual(order === "asc" ? IDS : IDS.toReversed());
  });

  it("stops before the boundary of the listed files", async () => {
    const { ids, until } = await pageOf({}, MORNING + 30 * MINUTE);
    expect(ids).toEqual(IDS.slice(0, 20));
    expect(until?.at).toBe(MORNING + 30 * MINUTE);
  });

  it("stops at once, without an error, if no file is listed before the boundary", async () => {
    const { ids, until, reads } = await pageOf(
      { order: "desc", bounds: { low: 0, high: MORNING - 1 } },
      MORNING - HOUR,
    );
    expect([ids, until?.at, reads]).toEqual([[], MORNING - HOUR + 1, 0]);
  });

  it("reads no row group that cannot hold a match", async () => {
    const { ids, reads } = await pageOf({ mayHold: () => false });
    expect(ids).toEqual([]);
    expect(reads).toBeLessThanOrEqual(files.length);
  });
});
