import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../../src/storage/core/databases";
import { measureFailures, widestBuckets } from "../../../src/storage/errors/failure-share";
import { errorRow, eventRow, MORNING, store } from "../seed";
import { rowsReadBy, watch } from "../watched-database";

const databases = databasesOf(env);
const MINUTES = 30;
const first = MORNING / 1_000_000;
const last = first + (MINUTES - 1) * 60;
const minute = (place: number) => MORNING + place * 60_000_000;

beforeAll(async () => {
  const places = Array.from({ length: MINUTES }, (_, place) => place);
  await store(databases, {
    events: places.map((place) =>
      eventRow({ session: `s${place}`, id: `e${place}`, occurredAt: minute(place), receivedAt: minute(place) }),
    ),
    errors: places.flatMap((place) =>
      ["shop", "blog", "docs", "forum"].map((application) =>
        errorRow({ id: `${application}-${place}`, session: `s${place}`, application, receivedAt: minute(place) }),
      ),
    ),
  });
});

describe("measureFailures", () => {
  const all = { application: null, category: null, name: null, first, last, withStored: true };

  it("counts failed and stored events across the databases", async () => {
    expect(await measureFailures(databases, all)).toEqual({ failures: 4 * MINUTES, stored: MINUTES });
    expect(await measureFailures(databases, { ...all, application: "blog" })).toEqual({ failures: MINUTES, stored: 0 });
    expect(await measureFailures(databases, { ...all, last: first })).toEqual({ failures: 4, stored: 1 });
    expect(await measureFailures(databases, { ...all, application: "shop" })).toEqual({
      ...{ failures: MINUTES, stored: MINUTES },
    });
    expect(await measureFailures(databases, { ...all, name: "nothing of the kind" })).toEqual({
      failures: 0,
      stored: 0,
    });
  });

  it("reads the minutes of one application, whatever fails elsewhere", async () => {
    for (const database of databases) {
      const watched = watch(database);
      await measureFailures([watched.database], { ...all, application: "shop", withStored: false });
      for (const query of watched.queries) expect(await rowsReadBy(database, query)).toBeLessThanOrEqual(3 * MINUTES);
    }
  });
});

describe("widestBuckets", () => {
  it("covers each minute of the window once, with at most 118 single minutes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 1_500 }), (from, length) => {
        const ranges = widestBuckets({ first: from * 60, last: (from + length) * 60 });
        const covered = ranges.flatMap(({ seconds, first: start, last: end }) =>
          Array.from({ length: (end - start) / 60 + seconds / 60 }, (_, n) => start / 60 + n),
        );
        expect(covered).toEqual(Array.from({ length: length + 1 }, (_, n) => from + n));
        const single = ranges.filter(({ seconds }) => seconds === 60).map(({ first: a, last: b }) => (b - a) / 60 + 1);
        expect(single.reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(118);
      }),
    );
  });
});
