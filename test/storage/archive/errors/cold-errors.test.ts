import { env } from "cloudflare:workers";
import { DrizzleQueryError } from "drizzle-orm/errors";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type ColdErrorQuestion,
  findColdErrors,
  loadColdErrors,
  readColdErrors,
  sizesOf,
} from "../../../../src/storage/archive/errors/cold-errors";
import { databasesOf } from "../../../../src/storage/core/databases";
import { emptyEverything } from "../../../compaction/harness";
import { HOUR, MINUTE, MORNING } from "../../seed";
import { archivedError, archiveErrors } from "../archived-files";

const archive = { bucket: env.ARCHIVE, databases: databasesOf(env) };
const issuesOf = (code: string) => JSON.stringify([{ code, path: "", message: "m" }]);

const ERRORS = Array.from({ length: 30 }, (_, n) =>
  archivedError({
    id: `e${String(n).padStart(2, "0")}`,
    eventId: `event-${n}`,
    session: n % 2 === 0 ? "even" : null,
    receivedAt: MORNING + n * MINUTE,
    issues: issuesOf(n % 3 === 0 ? "name_invalid" : "data_invalid"),
    resolvedAt: n % 5 === 0 ? MORNING + HOUR : null,
    content: "x".repeat(n),
  }),
);
const ANY: ColdErrorQuestion = {
  ...{ session: null, code: null, category: null, name: null, applications: null, status: null },
  ...{ from: null, to: null, order: "asc", limit: 100, after: null },
};

beforeAll(async () => {
  await emptyEverything();
  await archiveErrors(ERRORS);
});

const numbers = (ids: string[]) => ids.map((id) => Number(id.slice(1)));
const read = async (question: Partial<ColdErrorQuestion>) =>
  numbers((await readColdErrors(archive, { ...ANY, ...question })).rows.map(({ key }) => key.id));
const expected = (matches: (n: number) => boolean) => ERRORS.map((_, n) => n).filter(matches);

it.each<[string, Partial<ColdErrorQuestion>, (n: number) => boolean]>([
  ["all", {}, () => true],
  ["of a session", { session: "even" }, (n) => n % 2 === 0],
  ["that are open", { status: "open" }, (n) => n % 5 !== 0],
  ["that are resolved", { status: "resolved", session: "even" }, (n) => n % 10 === 0],
  ["of an event", { session: "even", eventId: "event-4" }, (n) => n === 4],
  ["of an event of another session", { session: "even", eventId: "event-5" }, () => false],
  ["of a range, both ends included", { from: MORNING + 3 * MINUTE, to: MORNING + 6 * MINUTE }, (n) => n >= 3 && n <= 6],
  ["of an empty range", { from: MORNING + 6 * MINUTE, to: MORNING + 3 * MINUTE }, () => false],
  ["after a cursor", { after: { receivedAt: MORNING + 20 * MINUTE, id: "e20" } }, (n) => n > 20],
])("finds errors %s", async (_, question, matches) => {
  expect(await read(question)).toEqual(expected(matches));
});

it("reads newest first, one more than the limit", async () => {
  expect(await read({ order: "desc", limit: 3 })).toEqual([29, 28, 27, 26]);
});

describe("errors that were found", () => {
  it("have sizes without their contents being kept, and are loaded whole", async () => {
    const { rows } = await readColdErrors(archive, { ...ANY, limit: 1 });
    const sizes = await sizesOf(rows);
    expect(rows.map((row) => sizes.get(row))).toEqual([0, 1].map((n) => n + (ERRORS[n]?.issues.length ?? 0)));
    expect(await loadColdErrors(rows)).toEqual(ERRORS.slice(0, 2));
  });

  it("by id come in the order of receipt, without unknown ones", async () => {
    expect(await findColdErrors(archive, ["e20", "none", "e07"])).toEqual([ERRORS[7], ERRORS[20]]);
    expect(await findColdErrors(archive, ["none"])).toEqual([]);
  });
});

it("throws a query error if the bucket cannot be read", async () => {
  const bucket = Object.assign(Object.create(env.ARCHIVE), { get: () => Promise.reject(new Error("R2 is down")) });
  await expect(readColdErrors({ ...archive, bucket }, ANY)).rejects.toThrow(DrizzleQueryError);
});
