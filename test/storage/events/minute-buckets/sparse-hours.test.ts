import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { planPage } from "../../../../src/storage/events/minute-buckets/minute-buckets";
import { wantedSeries } from "../../../../src/storage/events/wanted-series";
import { isLate } from "../../../../src/storage/partitions/partition";
import { emptyDatabases } from "../../empty-databases";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../../seed";
import { chainsOver } from "../scan-of";

const home = firstDatabase(databasesOf(env));

/** Four hours of a rare category. The third has more events than minutes. */
const TERMS_AT = [5, 6, 50, 65, 130, 190];
const CROWD_AT = Array.from({ length: 70 }, (_, n) => 120 + n * 0.8);

beforeAll(async () => {
  await emptyDatabases([home]);
  const legal = (name: string) => (minute: number) =>
    eventRow({ category: "legal", name, occurredAt: MORNING + minute * MINUTE });
  await store([home], { events: [...TERMS_AT.map(legal("terms")), ...CROWD_AT.map(legal("cookies"))] }, HOUR);
});

/** Buckets as [start in minutes, width in minutes, matching, cost]. */
async function plan(changes: { order?: "asc" | "desc"; limit?: number; from?: number; to?: number; index?: boolean }) {
  const { order = "asc", limit = 100, from = 0, to = 4 * 60, index = true } = changes;
  const lanes = (await chainsOver([home])).flatMap((chain) => chain.lanes).filter((lane) => !isLate(lane));
  const wanted = await wantedSeries(home, { category: "legal", name: "terms", applications: null });
  const page = await planPage({
    ...{ database: home, wanted, lanes, readsIndex: () => index, order, limit },
    bounds: { low: MORNING + from * MINUTE, high: MORNING + to * MINUTE - 1 },
  });
  const { whole, last, complete } = page.plan;
  const shown = [...whole, ...(last === null ? [] : [last])].map(({ start, width, matching, cost }) => [
    (start - MORNING) / MINUTE,
    width / MINUTE,
    matching,
    cost,
  ]);
  return { shown, complete, last };
}

describe("hours with few events of a rare category", () => {
  it("are read as a whole, beside the minutes of the others", async () => {
    const { shown, complete } = await plan({});
    expect(shown).toEqual([
      [0, 60, 3, 3],
      [60, 60, 1, 1],
      [130, 1, 1, 2],
      [180, 60, 1, 1],
    ]);
    expect(complete).toBe(true);
  });

  it("come in the order of the scan", async () => {
    const { shown } = await plan({ order: "desc" });
    expect(shown.map(([start]) => start)).toEqual([180, 130, 60, 0]);
  });

  it("can be the last bucket of a page", async () => {
    const { shown, last, complete } = await plan({ limit: 2 });
    expect(shown).toEqual([[0, 60, 3, 3]]);
    expect([last?.width, complete]).toEqual([60 * MINUTE, false]);
  });

  it("are left to their minutes where a bound divides them", async () => {
    const { shown } = await plan({ from: 6, to: 4 * 60 - 30 });
    expect(shown).toEqual([
      [6, 1, 1, 1],
      [50, 1, 1, 1],
      [60, 60, 1, 1],
      [130, 1, 1, 2],
      [190, 1, 1, 1],
    ]);
  });

  it("are left to their minutes where the events themselves are read", async () => {
    const { shown } = await plan({ index: false });
    expect(shown.map(([, width]) => width)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

it("charges a page a few rows for such an hour: 400 of them fit, where their minutes would be 24,000 rows", async () => {
  const HOURS = 400;
  await emptyDatabases([home]);
  const at = (hour: number) => MORNING + hour * HOUR;
  const events = Array.from({ length: HOURS }, (_, hour) =>
    eventRow({ category: "legal", name: "terms", occurredAt: at(hour) }),
  );
  await store([home], { events }, 28 * 24 * HOUR);
  const { shown, complete } = await plan({ limit: 1_000, to: HOURS * 60 });
  expect([shown.length, complete]).toEqual([HOURS, true]);
});
