import { beforeEach, describe, expect, it } from "vitest";
import { type CopiesOf, readCopies } from "../../../src/compaction/erasure/remaining-copies";
import { firstDatabase } from "../../../src/storage/core/databases";
import { recordRemainder } from "../../../src/storage/erasures/scrub/erased-remainders";
import { sealPartition } from "../../../src/storage/partitions/partition-lifecycle";
import { loadPartitionMap, NO_PARTITIONS } from "../../../src/storage/partitions/partition-records";
import { DAY, eventRow, HOUR, MINUTE, MORNING, store } from "../../storage/seed";
import { databases, EAGER, emptyEverything } from "../harness";

const first = firstDatabase(databases);
const SETTINGS = { ...EAGER, hotMicros: DAY, graceMicros: MINUTE, lateMicros: 2 * DAY };
/** When copies are recorded. */
const AT = MORNING + 10 * HOUR;
const ERASURE: Parameters<CopiesOf>[0] = {
  before: AT - MINUTE,
  status: "done",
  updatedAt: AT + MINUTE,
  state: null,
  thorough: 0,
};

/** Two partitions of an hour, the second of which follows the first. */
beforeEach(async () => {
  await emptyEverything();
  await store(databases, { events: [0, 1].map((hour) => eventRow({ occurredAt: MORNING + hour * HOUR })) }, HOUR);
  await first.binding.prepare("UPDATE partitions SET created_at = ?1").bind(MORNING).run();
});

async function partitions() {
  const [one, two] = (await loadPartitionMap(first, NO_PARTITIONS)).partitions;
  if (one === undefined || two === undefined) throw new Error("there are no two partitions");
  return [one, two] as const;
}

async function copies({ erasure = ERASURE, settings = SETTINGS, hasArchive = true } = {}) {
  const copiesOf = await readCopies(databases, { readSettings: async () => settings, hasArchive });
  return copiesOf(erasure);
}

const record = (table: string, at = AT) => recordRemainder(first.binding, table, at).run();

it("no copies may remain if none are recorded, which needs no settings", async () => {
  const copiesOf = await readCopies(databases, {
    readSettings: () => Promise.reject(new Error("they were read")),
    hasArchive: true,
  });
  expect(copiesOf(ERASURE)).toBeNull();
});

describe("copies may remain until", () => {
  it("the last of the partitions has left its hot window and the grace is over", async () => {
    const [one, two] = await partitions();
    for (const { id } of [two, one]) await record(`events_${id}`);
    const until = MORNING + 2 * HOUR + DAY + MINUTE;
    expect(await copies()).toEqual({ partitions: [one.id, two.id], errors: false, until });
  });

  it("a retention without an archive; for good without either", async () => {
    const [one] = await partitions();
    await record(`events_${one.id}`);
    const settings = { ...SETTINGS, retention: { ...EAGER.retention, eventsMicros: 5 * DAY } };
    expect(await copies({ settings, hasArchive: false })).toMatchObject({ until: one.to + 5 * DAY });
    expect(await copies({ settings })).toMatchObject({ until: one.to + DAY + MINUTE });
    expect(await copies({ hasArchive: false })).toMatchObject({ partitions: [one.id], until: null });
  });

  it("a late lane was emptied", async () => {
    const [one] = await partitions();
    await sealPartition(databases, one);
    await record(`events_${one.id}l`, MORNING + 9 * DAY);
    const erasure = { ...ERASURE, before: MORNING + 9 * DAY, updatedAt: MORNING + 9 * DAY };
    expect(await copies({ erasure })).toEqual({
      ...{ partitions: [one.id], errors: false },
      until: MORNING + 11 * DAY + HOUR,
    });
  });

  it("no known time among the errors", async () => {
    const [one] = await partitions();
    for (const table of ["errors", `events_${one.id}`]) await record(table);
    expect(await copies()).toEqual({ partitions: [one.id], errors: true, until: null });
  });
});

it("a thorough erasure says what was recorded before it, until the partitions are over, and nothing once it is done", async () => {
  const [one, two] = await partitions();
  await record(`events_${one.id}`, MORNING);
  const running: typeof ERASURE = { ...ERASURE, status: "running", thorough: 1 };
  const until = one.to + 2 * MINUTE;
  expect(await copies({ erasure: running })).toEqual({ partitions: [one.id], errors: false, until });
  const state = JSON.stringify({ pass: 2, phase: "copies", since: AT });
  await record(`events_${two.id}`, AT + 1);
  expect(await copies({ erasure: { ...running, state } })).toMatchObject({ partitions: [one.id] });
  expect(await copies({ erasure: { ...running, status: "done" } })).toBeNull();
  await record("errors");
  expect(await copies({ erasure: { ...running, status: "done" } })).toEqual({
    ...{ partitions: [], errors: true, until: null },
  });
});

it("an erasure says only what was recorded while it ran", async () => {
  const [one] = await partitions();
  await record(`events_${one.id}`);
  const earlier = { ...ERASURE, before: AT - HOUR, updatedAt: AT - HOUR / 2 };
  const later = { ...ERASURE, before: AT + HOUR, updatedAt: AT + 2 * HOUR };
  expect([await copies({ erasure: earlier }), await copies({ erasure: later })]).toEqual([null, null]);
  expect(await copies({ erasure: { ...earlier, status: "running" } })).not.toBeNull();
  // Another erasure has left copies in the same table.
  await record(`events_${one.id}`, AT + HOUR);
  expect(await copies({ erasure: later })).not.toBeNull();
});
