import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import {
  countedApplications,
  lateStatement,
  readSessionRows,
  replaceSessionRows,
  type SessionRow,
  type SessionWidth,
} from "../../../src/storage/session-counts/session-count-store";
import { emptyDatabases } from "../empty-databases";

const databases = databasesOf(env);
const first = firstDatabase(databases);
const HOUR = 3_600;
const DAY = 86_400;

beforeEach(() => emptyDatabases(databases));

function row(bucket: number, more: Partial<SessionRow> = {}): SessionRow {
  return { application: "", bucket, counted: 1, late: 0, hotSince: 0, fingerprint: null, held: "{}", ...more };
}

async function stored(application = "", seconds: SessionWidth = 900): Promise<SessionRow[]> {
  const query = { application, seconds, spans: [[0, 10 * DAY] as const], withHeld: true };
  const [rows = []] = await readSessionRows(first, [query]);
  return rows.toSorted((a, b) => a.bucket - b.bucket);
}

describe("readSessionRows", () => {
  it("returns the rows of each query, in the order of the queries", async () => {
    const rows = [row(0), row(900), row(1_800), row(900, { application: "shop", held: '{"n":1}' })];
    await replaceSessionRows(first, { seconds: 900, buckets: [0, 900, 1_800], rows });
    await replaceSessionRows(first, { seconds: HOUR, buckets: [0], rows: [row(0, { counted: 9 })] });
    const query = { seconds: 900 as const, withHeld: true };
    const [shop = [], all = [], hours = []] = await readSessionRows(first, [
      { ...query, application: "shop", spans: [[0, DAY]] },
      {
        ...query,
        application: "",
        spans: [
          [0, 0],
          [1_800, 9_000],
        ],
      },
      { application: "", seconds: HOUR, spans: [[0, 0]], withHeld: false },
    ]);
    expect(shop).toEqual([row(900, { application: "shop", held: '{"n":1}' })]);
    expect(all.map(({ bucket }) => bucket).sort()).toEqual([0, 1_800]);
    expect(hours).toEqual([row(0, { counted: 9, held: "" })]);
  });
});

describe("replaceSessionRows", () => {
  it("removes rows of its buckets that are not among the new ones, of every application", async () => {
    const before = [row(0), row(900), row(0, { application: "shop" }), row(900, { application: "shop" })];
    await replaceSessionRows(first, { seconds: 900, buckets: [0, 900], rows: before });
    await replaceSessionRows(first, { seconds: 900, buckets: [0], rows: [row(0, { counted: 5 })] });
    expect(await stored()).toEqual([row(0, { counted: 5 }), row(900)]);
    expect(await stored("shop")).toEqual([row(900, { application: "shop" })]);
  });

  it("writes more rows than one statement takes", async () => {
    const held = JSON.stringify("x".repeat(40_000));
    const rows = Array.from({ length: 100 }, (_, n) => row(n * 900, { held }));
    await replaceSessionRows(first, { seconds: 900, buckets: rows.map(({ bucket }) => bucket), rows });
    expect(await stored()).toEqual(rows);
  });

  it("keeps a window late that has changed again since its row was read", async () => {
    await replaceSessionRows(first, { seconds: 900, buckets: [900], rows: [row(900)] });
    await first.binding.batch([lateStatement(first, new Map([[900, 2]]))]);
    const [read] = await stored();
    if (read === undefined) throw new Error("the row is missing");
    await first.binding.batch([lateStatement(first, new Map([[900, 3]]))]);
    await replaceSessionRows(first, { seconds: 900, buckets: [900], rows: [read] });
    expect(await stored()).toEqual([row(900, { late: 3 })]);
  });

  it("writes nothing if one of the further statements fails", async () => {
    const fails = first.binding.prepare("INSERT INTO session_counts (application) VALUES (NULL)");
    const change = { seconds: 900 as const, buckets: [0], rows: [row(0)] };
    await expect(replaceSessionRows(first, change, [fails])).rejects.toThrow();
    expect(await stored()).toEqual([]);
  });
});

describe("lateStatement", () => {
  it("marks a window and the hour and the day that contain it, of all applications together", async () => {
    for (const seconds of [900, HOUR, DAY] as const) {
      const rows = [row(DAY, { application: "shop" }), row(DAY), row(2 * DAY)];
      await replaceSessionRows(first, { seconds, buckets: [DAY, 2 * DAY], rows });
    }
    await first.binding.batch([
      lateStatement(
        first,
        new Map([
          [DAY, 1],
          [DAY + 900, 4],
          [DAY + HOUR, 8],
        ]),
      ),
    ]);
    const late = async (seconds: SessionWidth) => (await stored("", seconds)).map((one) => one.late);
    expect(await late(900)).toEqual([1, 0]);
    expect(await late(HOUR)).toEqual([1 + 4, 0]);
    expect(await late(DAY)).toEqual([1 + 4 + 8, 0]);
    expect((await stored("shop", DAY)).map((one) => one.late)).toEqual([0]);
  });
});

it("finds every application with counts", async () => {
  expect(await countedApplications(first)).toEqual([]);
  const rows = ["shop", "", "blog"].flatMap((application) => [row(0, { application }), row(900, { application })]);
  await replaceSessionRows(first, { seconds: 900, buckets: [0, 900], rows });
  expect(await countedApplications(first)).toEqual(["", "blog", "shop"]);
});
