import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { DAY_SECONDS, HOUR_SECONDS } from "../../../src/model/time/units";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import {
  countedApplications,
  forgetVisitors,
  lateStatement,
  readSessionRows,
  replaceSessionRows,
  type SessionWidth,
} from "../../../src/storage/session-counts/session-count-store";
import { emptyDatabases } from "../empty-databases";
import { sessionRow, storedSessionRows } from "./session-rows";

const databases = databasesOf(env);
const first = firstDatabase(databases);

/** As they are read if they are not wanted. */
const NO_DETAILS = { durations: "", visitors: "" };

beforeEach(() => emptyDatabases(databases));

describe("readSessionRows", () => {
  it("returns the rows of each query, in the order of the queries", async () => {
    const rows = [
      sessionRow(0),
      sessionRow(900),
      sessionRow(1_800),
      sessionRow(900, { application: "shop", held: '{"n":1}' }),
    ];
    await replaceSessionRows(first, { seconds: 900, buckets: [0, 900, 1_800], rows });
    await replaceSessionRows(first, { seconds: HOUR_SECONDS, buckets: [0], rows: [sessionRow(0, { counted: 9 })] });
    const query = { seconds: 900 as const, withHeld: true };
    const [shop = [], all = [], hours = []] = await readSessionRows(first, [
      { ...query, application: "shop", spans: [[0, DAY_SECONDS]] },
      {
        ...query,
        application: "",
        spans: [
          [0, 0],
          [1_800, 9_000],
        ],
      },
      { application: "", seconds: HOUR_SECONDS, spans: [[0, 0]], withHeld: false },
    ]);
    expect(shop).toEqual([sessionRow(900, { application: "shop", held: '{"n":1}', ...NO_DETAILS })]);
    expect(all.map(({ bucket }) => bucket).sort()).toEqual([0, 1_800]);
    expect(hours).toEqual([sessionRow(0, { counted: 9, held: "", ...NO_DETAILS })]);
  });

  it("says which rows have no durations or visitors, whether these are wanted or not", async () => {
    const rows = [sessionRow(0, { durations: null }), sessionRow(900, { visitors: null })];
    await replaceSessionRows(first, { seconds: 900, buckets: [0, 900], rows });
    const query = { application: "", seconds: 900 as const, spans: [[0, 900]] as const, withHeld: false };
    const [bare = [], whole = []] = await readSessionRows(first, [query, { ...query, withDetails: true }]);
    const details = (some: typeof bare) => some.map(({ durations, visitors }) => [durations, visitors]);
    expect(details(bare)).toEqual([
      [null, ""],
      ["", null],
    ]);
    expect(details(whole)).toEqual([
      [null, sessionRow(0).visitors],
      [sessionRow(900).durations, null],
    ]);
  });
});

describe("replaceSessionRows", () => {
  it("removes rows of its buckets that are not among the new ones, of every application", async () => {
    const before = [
      sessionRow(0),
      sessionRow(900),
      sessionRow(0, { application: "shop" }),
      sessionRow(900, { application: "shop" }),
    ];
    await replaceSessionRows(first, { seconds: 900, buckets: [0, 900], rows: before });
    await replaceSessionRows(first, { seconds: 900, buckets: [0], rows: [sessionRow(0, { counted: 5 })] });
    expect(await storedSessionRows(first, 900)).toEqual([sessionRow(0, { counted: 5 }), sessionRow(900)]);
    expect(await storedSessionRows(first, 900, "shop")).toEqual([sessionRow(900, { application: "shop" })]);
  });

  it("writes more rows than one statement takes", async () => {
    const held = JSON.stringify("x".repeat(40_000));
    const rows = Array.from({ length: 100 }, (_, n) => sessionRow(n * 900, { held }));
    await replaceSessionRows(first, { seconds: 900, buckets: rows.map(({ bucket }) => bucket), rows });
    expect(await storedSessionRows(first, 900)).toEqual(rows);
  });

  it("keeps a window late that has changed again since its row was read", async () => {
    await replaceSessionRows(first, { seconds: 900, buckets: [900], rows: [sessionRow(900)] });
    await first.binding.batch([lateStatement(first, new Map([[900, 2]]))]);
    const [read] = await storedSessionRows(first, 900);
    if (read === undefined) throw new Error("the row is missing");
    await first.binding.batch([lateStatement(first, new Map([[900, 3]]))]);
    await replaceSessionRows(first, { seconds: 900, buckets: [900], rows: [read] });
    expect(await storedSessionRows(first, 900)).toEqual([sessionRow(900, { late: 3 })]);
  });

  it("writes nothing if one of the further statements fails", async () => {
    const fails = first.binding.prepare("INSERT INTO session_counts (application) VALUES (NULL)");
    const change = { seconds: 900 as const, buckets: [0], rows: [sessionRow(0)] };
    await expect(replaceSessionRows(first, change, [fails])).rejects.toThrow();
    expect(await storedSessionRows(first, 900)).toEqual([]);
  });
});

describe("lateStatement", () => {
  it("marks a window and the hour and the day that contain it, of all applications together", async () => {
    for (const seconds of [900, HOUR_SECONDS, DAY_SECONDS] as const) {
      const rows = [
        sessionRow(DAY_SECONDS, { application: "shop" }),
        sessionRow(DAY_SECONDS),
        sessionRow(2 * DAY_SECONDS),
      ];
      await replaceSessionRows(first, { seconds, buckets: [DAY_SECONDS, 2 * DAY_SECONDS], rows });
    }
    await first.binding.batch([
      lateStatement(
        first,
        new Map([
          [DAY_SECONDS, 1],
          [DAY_SECONDS + 900, 4],
          [DAY_SECONDS + HOUR_SECONDS, 8],
        ]),
      ),
    ]);
    const late = async (seconds: SessionWidth) => (await storedSessionRows(first, seconds)).map((one) => one.late);
    expect(await late(900)).toEqual([1, 0]);
    expect(await late(HOUR_SECONDS)).toEqual([1 + 4, 0]);
    expect(await late(DAY_SECONDS)).toEqual([1 + 4 + 8, 0]);
    expect((await storedSessionRows(first, DAY_SECONDS, "shop")).map((one) => one.late)).toEqual([0]);
  });
});

it("forgets the visitors of an hour and of its day, of every application, and nothing else", async () => {
  const hour = DAY_SECONDS + 5 * HOUR_SECONDS;
  for (const seconds of [900, HOUR_SECONDS, DAY_SECONDS] as const) {
    const own = [hour - (hour % seconds), 3 * DAY_SECONDS];
    const buckets = seconds === 900 ? [...own, hour + 2_700, hour - 900, hour + HOUR_SECONDS] : own;
    const rows = ["", "shop"].flatMap((application) => buckets.map((bucket) => sessionRow(bucket, { application })));
    await replaceSessionRows(first, { seconds, buckets, rows });
  }
  await forgetVisitors(first, hour);
  const left = async (seconds: SessionWidth, application: string) =>
    (await storedSessionRows(first, seconds, application)).flatMap((row) =>
      row.visitors === null ? [] : [row.bucket - hour],
    );
  const far = 3 * DAY_SECONDS - hour;
  for (const application of ["", "shop"]) {
    expect(await left(900, application)).toEqual([-900, HOUR_SECONDS, far]);
    expect(await left(HOUR_SECONDS, application)).toEqual([far]);
    expect(await left(DAY_SECONDS, application)).toEqual([far]);
  }
  expect((await storedSessionRows(first, 900)).every(({ durations }) => durations !== null)).toBe(true);
});

it("finds every application with counts", async () => {
  expect(await countedApplications(first)).toEqual([]);
  const rows = ["shop", "", "blog"].flatMap((application) => [
    sessionRow(0, { application }),
    sessionRow(900, { application }),
  ]);
  await replaceSessionRows(first, { seconds: 900, buckets: [0, 900], rows });
  expect(await countedApplications(first)).toEqual(["", "blog", "shop"]);
});
