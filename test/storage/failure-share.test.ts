import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf } from "../../src/storage/databases";
import { measureFailures } from "../../src/storage/failure-share";
import { errorRow, eventRow, MORNING, store } from "./seed";
import { rowsReadBy, watch } from "./watched-database";

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

  it("counts what failed and what is stored across the databases", async () => {
    expect(await measureFailures(databases, all)).toEqual({ failures: 4 * MINUTES, stored: MINUTES });
    expect(await measureFailures(databases, { ...all, application: "blog" })).toEqual({ failures: MINUTES, stored: 0 });
    expect(await measureFailures(databases, { ...all, last: first })).toEqual({ failures: 4, stored: 1 });
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
