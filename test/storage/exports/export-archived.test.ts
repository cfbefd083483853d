import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { compactStep } from "../../../src/compaction/compact-step";
import { type ExportQuestion, exportEvents } from "../../../src/storage/exports/export-events";
import type { EventKey } from "../../../src/storage/scan/event-order";
import type { EventRow } from "../../../src/storage/write/rows";
import { compactAll, databases, EAGER, emptyEverything, ioWith, LATER } from "../../compaction/harness";
import { eventRow, HOUR, inReadingOrder, MORNING, nameOf, SECOND, store } from "../seed";

beforeEach(emptyEverything);

/** Six hours in partitions of one, with equal moments. */
const EVENTS = Array.from({ length: 480 }, (_, n) =>
  eventRow({
    session: `session-${n % 23}`,
    occurredAt: MORNING + Math.floor((n * 6 * HOUR) / 480 / (90 * SECOND)) * 90 * SECOND,
    category: n % 5 === 0 ? "form interaction" : "page interaction",
    application: n % 7 === 0 ? "blog" : "shop",
    data: JSON.stringify({ n }),
  }),
);
const LATE = Array.from({ length: 12 }, (_, n) =>
  eventRow({ session: `late-${n}`, occurredAt: MORNING + n * 15 * 60 * SECOND + 7, data: '{"late":true}' }),
);

const everything: ExportQuestion = {
  ...{ session: null, category: null, name: null, applications: null },
  range: { order: "asc", from: null, to: null, after: null },
  limit: 1_000_000,
};

const names = (rows: readonly EventRow[]) => inReadingOrder([...rows]).map(nameOf);

/** An export in parts, with something done before each of its reads. */
async function exported(question: Partial<ExportQuestion> = {}, meanwhile: () => Promise<unknown> = async () => {}) {
  const found: string[] = [];
  let after: EventKey | null = question.range?.after ?? null;
  for (let part = 0; part < 100; part++) {
    const asked = { ...everything, ...question };
    let next: EventKey | null = null;
    for await (const { rows, ...rest } of exportEvents(
      databases,
      { ...asked, range: { ...asked.range, after } },
      env.ARCHIVE,
    )) {
      found.push(...rows.map(nameOf));
      next = rest.next;
      await meanwhile();
    }
    if (next === null) return found;
    after = next;
  }
  throw new Error("the export does not end");
}

/** Lets the first partitions move: those that ended before a moment. */
function moveUntil(now: number) {
  return compactAll(ioWith({ settings: { ...EAGER, lateMicros: Number.MAX_SAFE_INTEGER } }), now);
}

describe("an export over the databases and the archive", () => {
  it("gives every event once and in order, what came late too", async () => {
    await store(databases, { events: EVENTS }, HOUR);
    await moveUntil(MORNING + 3 * HOUR);
    await store(databases, { events: [...LATE, ...EVENTS.slice(0, 20)] }, HOUR);
    expect(await exported()).toEqual(names([...EVENTS, ...LATE]));
    await compactAll();
    expect(await exported()).toEqual(names([...EVENTS, ...LATE]));
  });

  it("goes on in parts of any size, and filters", async () => {
    await store(databases, { events: EVENTS }, HOUR);
    await moveUntil(MORNING + 3 * HOUR);
    expect(await exported({ limit: 53 })).toEqual(names(EVENTS));
    const range = { ...everything.range, from: MORNING + HOUR + 100 * SECOND, to: MORNING + 5 * HOUR };
    expect(await exported({ range })).toEqual(
      names(EVENTS.filter(({ occurredAt }) => occurredAt >= range.from && occurredAt <= range.to)),
    );
    expect(await exported({ applications: ["blog"] })).toEqual(
      names(EVENTS.filter(({ application }) => application === "blog")),
    );
    expect(await exported({ session: "session-3", limit: 5 })).toEqual(
      names(EVENTS.filter(({ session }) => session === "session-3")),
    );
  });

  it("loses and doubles nothing while partitions move", async () => {
    await store(databases, { events: EVENTS }, HOUR);
    const world = ioWith();
    expect(await exported({ limit: 40 }, () => compactStep(world, LATER))).toEqual(names(EVENTS));
    await emptyEverything();
    await store(databases, { events: EVENTS }, HOUR);
    // All of them between two reads of one answer.
    let reads = 0;
    const found = await exported({}, async () => {
      reads += 1;
      if (reads === 1) await compactAll();
    });
    expect(found).toEqual(names(EVENTS));
  });
});
