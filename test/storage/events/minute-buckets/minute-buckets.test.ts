import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { type GuidingQuestion, planPage } from "../../../../src/storage/events/minute-buckets/minute-buckets";
import { wantedSeries } from "../../../../src/storage/events/wanted-series";
import { isLate } from "../../../../src/storage/partitions/partition";
import { emptyDatabases } from "../../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../../seed";
import { chainsOver } from "../scan-of";

const home = firstDatabase(databasesOf(env));

/** A common event in each minute of four hours, and a rare one in some of them. */
const RARE_MINUTES = [3, 4, 70, 71, 72, 200];

beforeAll(async () => {
  await emptyDatabases([home]);
  const at = (minute: number) => MORNING + minute * MINUTE;
  await store(
    [home],
    {
      events: [
        ...Array.from({ length: 240 }, (_, minute) => eventRow({ occurredAt: at(minute) })),
        ...RARE_MINUTES.map((minute) => eventRow({ name: "rare", occurredAt: at(minute) + 1 })),
      ],
    },
    HOUR,
  );
});

async function plan(changes: Partial<GuidingQuestion> = {}, name = "rare") {
  const lanes = (await chainsOver([home])).flatMap((chain) => chain.lanes).filter((lane) => !isLate(lane));
  const wanted = await wantedSeries(home, { category: null, name, applications: null });
  const page = await planPage({
    ...{ database: home, wanted, lanes, readsIndex: () => false, order: "asc", limit: 100 },
    bounds: { low: MORNING, high: MORNING + 4 * HOUR - 1 },
    ...changes,
  });
  const minuteOf = (start: number) => (start - MORNING) / MINUTE;
  return {
    ...page,
    whole: page.plan.whole.map(({ start, matching, cost }) => [minuteOf(start), matching, cost]),
    last: page.plan.last === null ? null : minuteOf(page.plan.last.start),
  };
}

describe("the minutes to read for a page", () => {
  it("are those with wanted events, each with its events and cost", async () => {
    const { whole, more } = await plan();
    expect(whole).toEqual(RARE_MINUTES.map((minute) => [minute, 1, 2]));
    expect(more).toBe(false);
  });

  it("come in the order of the scan", async () => {
    const { whole } = await plan({ order: "desc" });
    expect(whole.map(([minute]) => minute)).toEqual(RARE_MINUTES.toReversed());
  });

  it("end with the minute that fills the page", async () => {
    const { whole, last, more } = await plan({ limit: 2 });
    expect(whole.map(([minute]) => minute)).toEqual([3, 4]);
    expect([last, more]).toEqual([70, true]);
  });

  it("are within the bounds", async () => {
    const bounds = { low: MORNING + 4 * MINUTE, high: MORNING + 72 * MINUTE - 1 };
    expect((await plan({ bounds })).whole.map(([minute]) => minute)).toEqual([4, 70, 71]);
  });

  it("are empty if no event is wanted", async () => {
    expect(await plan({}, "nothing")).toMatchObject({ whole: [], last: null, more: false, reached: null });
  });

  it("cost only the wanted category's events if its index is read", async () => {
    const { whole } = await plan({ readsIndex: () => true });
    // All events are of one category, so the index has all of them.
    expect(whole).toEqual(RARE_MINUTES.map((minute) => [minute, 1, 2]));
  });
});
