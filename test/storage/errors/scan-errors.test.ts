import { env } from "cloudflare:workers";
import { beforeAll, expect, it } from "vitest";
import { databasesOf, firstDatabase } from "../../../src/storage/core/databases";
import { readerOf } from "../../../src/storage/core/reader";
import { type ErrorScan, scanErrors } from "../../../src/storage/errors/scan-errors";
import { emptyDatabases } from "../empty-databases";
import { errorRow, HOUR, MORNING, store } from "../seed";

const databases = databasesOf(env);
const EVERYTHING: ErrorScan = {
  ...{ status: null, code: null, session: null, category: null, name: null, application: null },
  ...{ from: null, to: null, order: "asc", limit: 100, after: null },
};
const ERRORS = Array.from({ length: 12 }, (_, n) =>
  errorRow({
    ...{ id: `error-${n}`, receivedAt: MORNING + n, application: n % 2 === 0 ? "shop" : "blog" },
    ...{ session: "session", name: n % 3 === 0 ? "submit" : "pageview" },
  }),
);

beforeAll(async () => {
  await emptyDatabases(databases);
  await store([firstDatabase(databases)], { errors: ERRORS }, HOUR);
});

const numbersOf = async (changes: Partial<ErrorScan>) => {
  const { rows, until } = await scanErrors(readerOf(firstDatabase(databases)), { ...EVERYTHING, ...changes });
  return { found: rows.map(({ key }) => key.receivedAt - MORNING), until };
};

it.each<[string, Partial<ErrorScan>, number[]]>([
  ["one filter", { application: "blog" }, [1, 3, 5, 7, 9, 11]],
  ["two filters", { application: "blog", name: "submit" }, [3, 9]],
  ["three filters", { application: "blog", name: "submit", session: "session" }, [3, 9]],
  ["a range, both ends included", { from: MORNING + 2, to: MORNING + 4 }, [2, 3, 4]],
  [
    "a range backwards, after a key",
    { from: MORNING + 2, order: "desc", after: { receivedAt: MORNING + 5, id: "error-5" } },
    [4, 3, 2],
  ],
  ["a status that none has", { status: "resolved" }, []],
])("finds the errors of a database by %s", async (_, changes, expected) => {
  expect(await numbersOf(changes)).toEqual({ found: expected, until: null });
});

it("reads one error more than the limit, which shows that there are more", async () => {
  const { found, until } = await numbersOf({ limit: 4 });
  expect(found).toHaveLength(5);
  expect(until).toEqual({ receivedAt: MORNING + 4, id: "error-4" });
});
