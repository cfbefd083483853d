import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { ANY_EVENT } from "../../../src/model/questions/event-pattern";
import type { FunnelQuestion } from "../../../src/model/questions/question";
import type { FunnelAnswer } from "../../../src/model/questions/sequences/funnel-answer";
import { answerOf } from "../../../src/model/questions/sequences/sequence-tally";
import { type Database, databasesOf } from "../../../src/storage/core/databases";
import { addCommonCategories } from "../../../src/storage/partitions/partition-records";
import { SAMPLE_KEYS, sampleKeyOf } from "../../../src/storage/partitions/sample-key";
import { planReading, tallySlice } from "../../../src/storage/sequences/ask-sequences";
import { type Slice, WHOLE } from "../../../src/storage/sequences/slice-statement";
import { HOUR, MORNING, partitionsOf, recount } from "../seed";

const [home] = databasesOf(env).slice(0, 1) as [Database];

const EVENTS = 60_000;
const SESSIONS = EVENTS / 10;
/** The slots of an hour. */
const SLOTS = 900;

/**
 * An hour of 6,000 sessions of ten events each, six minutes from the first to the last. Two thirds start with
 * "open"; one in four of them buys.
 */
beforeAll(async () => {
  const map = await partitionsOf([home]).covering([MORNING]);
  const partition = map.find(MORNING);
  if (partition === null) throw new Error("The morning has no partition.");
  await addCommonCategories(home, partition, ["page interaction"], 0);
  await home.binding.batch([
    home.binding.prepare("INSERT INTO categories VALUES (2, 'page interaction')"),
    home.binding.prepare(
      "INSERT INTO series VALUES (1, 2, 'pageview', 'shop', 0), (2, 2, 'buy', 'shop', 0), (3, 2, 'scroll', 'shop', 0)",
    ),
  ]);
  const keys = Array.from({ length: SESSIONS }, (_, n) => sampleKeyOf(`visit ${n}`));
  for (let from = 0; from < EVENTS; from += 15_000) {
    const rows = Array.from({ length: 15_000 }, (_, n) => {
      const session = Math.floor((from + n) / 10);
      const nth = (from + n) % 10;
      const at = MORNING + Math.floor((session * 3_240_000_000) / SESSIONS) + nth * 36_000_000;
      const isBuy = nth === 9 && session % 12 < 2;
      const path = nth === 0 ? (session % 3 === 2 ? "/blog" : "/") : `/p/${nth}`;
      return [at, session, keys[session], from + n, isBuy ? 2 : nth % 2 === 0 ? 1 : 3, JSON.stringify({ path })];
    });
    await home.binding
      .prepare(
        `INSERT INTO events_${partition.id} (slot, sample_key, session_id, occurred_at, tie, received_after, series_id, rare, id, data)
         SELECT (value ->> 0) / 4000000, value ->> 2, 'visit ' || (value ->> 1), value ->> 0, value ->> 3, 1000, value ->> 4, NULL,
           value ->> 3, value ->> 5 FROM json_each(?1)`,
      )
      .bind(JSON.stringify(rows))
      .run();
  }
  await recount(home);
}, 120_000);

const question: FunnelQuestion = {
  ...{
    kind: "funnel",
    from: MORNING,
    to: MORNING + HOUR - 1,
    per: "session",
    applications: null,
    within: null,
    groupBy: null,
  },
  steps: [
    {
      ...ANY_EVENT,
      name: "pageview",
      data: [{ path: ["path"], filter: { any: [{ kind: "is", text: "/" }], none: [] } }],
    },
    { ...ANY_EVENT, name: "buy" },
  ],
};

async function ask(slice: Slice) {
  const { state, rowsRead } = await tallySlice([home], question, slice, { maxRows: 1_000_000 });
  const share = (slice.high - slice.low) / SAMPLE_KEYS;
  return { rowsRead, answer: answerOf(question, state, share) as FunnelAnswer };
}

describe("rows read for a slice", () => {
  it("are the events, if all sessions are wanted", async () => {
    const { rowsRead, answer } = await ask(WHOLE);
    expect(answer.steps.map(({ count }) => count)).toEqual([4_000, 1_000]);
    expect(rowsRead).toBeLessThan(1.1 * EVENTS + 200);
  });

  it.each([16, 64, 1_024])("are those of its sessions and a seek for each slot: a %i-th", async (parts) => {
    const { rowsRead, answer } = await ask({ low: 0, high: SAMPLE_KEYS / parts });
    expect(rowsRead).toBeLessThan(2 * SLOTS + 1.5 * (EVENTS / parts) + 200);
    const [low = 0, high = 0] = answer.steps[0]?.interval_95 ?? [];
    expect(low).toBeLessThanOrEqual(4_000);
    expect(high).toBeGreaterThanOrEqual(4_000);
  });

  it("are limited before they are read", async () => {
    await home.binding.prepare("UPDATE counts SET events = events * 100").run();
    expect(await planReading([home], question, false)).toEqual({ kind: "now", slice: { low: 0, high: 1_024 } });
    expect(await planReading([home], question, true)).toEqual({ kind: "job", steps: 20 });
    await recount(home);
  });
});

describe("intervals of samples", () => {
  it("contain the true numbers for at least 92 of 100 samples", { timeout: 120_000 }, async () => {
    const width = SAMPLE_KEYS / 128;
    let held = 0;
    for (let n = 0; n < 128; n++) {
      const { answer } = await ask({ low: n * width, high: (n + 1) * width });
      for (const [step, truth] of [4_000, 1_000].entries()) {
        const [low = 0, high = 0] = answer.steps[step]?.interval_95 ?? [];
        if (low <= truth && truth <= high) held += 0.5;
      }
    }
    expect(held / 128).toBeGreaterThanOrEqual(0.92);
  });
});
