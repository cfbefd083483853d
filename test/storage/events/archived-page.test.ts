import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { coldPart, filesOfTypes } from "../../../src/storage/events/archived-page";
import { type EventQuestion, scanFiltered } from "../../../src/storage/events/filtered-scan";
import { readPartitionMap } from "../../../src/storage/partitions/known-partitions";
import { compactAll, emptyEverything } from "../../compaction/harness";
import { eventRow, HOUR, MINUTE, MORNING, store } from "../seed";

const databases = databasesOf(env);
const archive = { bucket: env.ARCHIVE, databases };
const QUESTION: EventQuestion = {
  ...{ session: null, category: null, name: null, applications: null, limit: 100 },
  range: { order: "asc", from: null, to: null, after: null },
};
const ARCHIVED = Array.from({ length: 6 }, (_, n) =>
  eventRow({ session: "one", id: `archived ${n}`, name: n < 3 ? "view" : "click", occurredAt: MORNING + n * HOUR }),
);
const LATE = eventRow({ session: "one", id: "late", name: "view", occurredAt: MORNING + MINUTE });

beforeAll(async () => {
  await emptyEverything();
  await store(databases, { events: ARCHIVED });
  await compactAll();
  await store(databases, { events: [LATE, { ...eventRow(), ...ARCHIVED[0] }] });
}, 60_000);

async function parts(changes: Partial<EventQuestion> = {}) {
  const map = await readPartitionMap(firstDatabase(databases));
  const question = { ...QUESTION, ...changes };
  const cold = await coldPart(archive, map, question, await scanFiltered(databases, map, question), undefined);
  return cold === null ? null : { cold: cold.rows.map(({ archived }) => archived.id), late: cold.late.length };
}

const ids = (...numbers: number[]) => numbers.map((n) => `archived ${n}`);

it("has the archive's events in order, and of the databases' only those that are no copies", async () => {
  expect(await parts()).toEqual({ cold: ids(0, 1, 2, 3, 4, 5), late: 1 });
  expect(await parts({ name: "click" })).toEqual({ cold: ids(3, 4, 5), late: 0 });
  expect(await parts({ session: "one", name: "view" })).toEqual({ cold: ids(0, 1, 2), late: 1 });
});

it("is null if no partition of the range is archived", async () => {
  const from = MORNING + 30 * 24 * HOUR;
  expect(await parts({ range: { ...QUESTION.range, from } })).toBeNull();
});

it("lists the files of the hours in which wanted events occurred, or all of them without a filter", async () => {
  const map = await readPartitionMap(firstDatabase(databases));
  const filesOf = async (changes: Partial<EventQuestion>) =>
    (await filesOfTypes(archive, map.partitions, { ...QUESTION, ...changes }, QUESTION.range)).files.length;
  expect(await filesOf({})).toBe(6);
  expect(await filesOf({ name: "click" })).toBe(3);
  expect(await filesOf({ name: "unknown" })).toBe(0);
});
