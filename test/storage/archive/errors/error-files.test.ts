import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type CountedFilter,
  errorFilesByHour,
  errorFilesHolding,
} from "../../../../src/storage/archive/errors/error-files";
import { ERROR_NAMES } from "../../../../src/storage/archive/file/error-file";
import { databasesOf, firstDatabase } from "../../../../src/storage/core/databases";
import { emptyEverything } from "../../../compaction/harness";
import { errorRow, HOUR, MORNING, SECOND, store } from "../../seed";
import { archivedError, archiveErrors } from "../archived-files";

const databases = databasesOf(env);
const archive = { bucket: env.ARCHIVE, databases };
const HOURS = { first: MORNING / SECOND, last: (MORNING + 9 * HOUR) / SECOND, order: "asc" } as const;
const ANY: CountedFilter = { code: null, applications: null, category: null, name: null };

/** An error an hour: its type and application differ. */
const ERRORS = ["a", "b", "c", "b"].map((name, hour) =>
  errorRow({
    id: `e${hour}`,
    name,
    session: `session-${name}`,
    application: `app-${name}`,
    receivedAt: MORNING + hour * HOUR,
  }),
);

beforeAll(async () => {
  await emptyEverything();
  // Storing them counts them.
  await store(databases, { errors: ERRORS });
  for (const { issues, ...error } of ERRORS) {
    await archiveErrors([archivedError({ ...error, issues: JSON.stringify(issues) })]);
  }
});

async function hours(filter: Partial<CountedFilter>, changes: { last?: number; order?: "asc" | "desc" } = {}) {
  const { files } = await errorFilesByHour(archive, { ...ANY, ...filter }, { ...HOURS, ...changes });
  return files.map(({ file }) => (file.hour * SECOND - MORNING) / HOUR).sort();
}

describe("files of errors", () => {
  it.each<[string, Partial<CountedFilter>, number[]]>([
    ["without a filter", {}, [0, 1, 2, 3]],
    ["of a name", { name: "b" }, [1, 3]],
    ["of an application", { applications: ["app-a", "app-c"] }, [0, 2]],
    ["of a code", { code: "data_invalid" }, [0, 1, 2, 3]],
    ["of a code that did not occur", { code: "name_invalid" }, []],
    ["of a name and another application", { name: "b", applications: ["app-a"] }, []],
  ])("%s are those of the hours in which such errors were counted", async (_, filter, expected) => {
    expect(await hours(filter)).toEqual(expected);
  });

  it("end with the range", async () => {
    expect(await hours({ name: "b" }, { last: (MORNING + 2 * HOUR) / SECOND })).toEqual([1]);
  });

  it("are read for any category and name if failures were counted above the limit of groups", async () => {
    const hour = (MORNING + 2 * HOUR) / SECOND;
    await firstDatabase(databases)
      .binding.prepare("UPDATE failures SET category = '', name = '', path = '' WHERE bucket = ?1 AND seconds = 3600")
      .bind(hour)
      .run();
    for (const { binding } of databases.slice(1)) {
      await binding
        .prepare("UPDATE failures SET category = '', name = '', path = '' WHERE bucket = ?1")
        .bind(hour)
        .run();
    }
    expect(await hours({ name: "b" })).toEqual([1, 2, 3]);
  });

  it("are found by the session or the id of an error", async () => {
    const holding = async (name: string) => {
      const { files, boundary } = await errorFilesHolding(archive, [name], HOURS);
      return [files.map(({ file }) => (file.hour * SECOND - MORNING) / HOUR).sort(), boundary];
    };
    expect(await holding(ERROR_NAMES.session("session-b"))).toEqual([[1, 3], null]);
    expect(await holding(ERROR_NAMES.id("e2"))).toEqual([[2], null]);
    expect(await holding(ERROR_NAMES.id("session-b"))).toEqual([[], null]);
  });
});
