import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { EVENT_CODE_NAMES } from "../../../src/model/codes";
import { MAX_PART_CHARACTERS } from "../../../src/model/limits";
import { databasesOf } from "../../../src/storage/core/databases";
import { MAX_PAGE_CONTENT, MAX_ROWS_EXAMINED } from "../../../src/storage/core/read-limits";
import type { ErrorKey } from "../../../src/storage/errors/error-key";
import { findErrors, findErrorsById } from "../../../src/storage/errors/error-queries";
import type { ErrorQuestion } from "../../../src/storage/errors/scan-errors";
import type { ErrorRow } from "../../../src/storage/write/rows";
import { migrate } from "../../migrate";
import { errorRow, MORNING, store } from "../seed";
import { planOf, rowsReadBy, watch } from "../watched-database";

const databases = databasesOf(env);

beforeEach(async () => {
  await reset();
  await migrate();
});

const everything: ErrorQuestion = {
  status: null,
  code: null,
  session: null,
  category: null,
  name: null,
  applications: null,
  from: null,
  to: null,
  order: "desc",
  limit: 10,
  after: null,
};

async function scan(question: ErrorQuestion): Promise<string[]> {
  const ids: string[] = [];
  let after: ErrorKey | null = null;
  for (let pages = 0; pages < 500; pages++) {
    const { rows, next } = await findErrors(databases, { ...question, after });
    ids.push(...rows.map(({ key }) => key.id));
    if (next === null) return ids;
    after = next;
  }
  throw new Error("The scan does not end.");
}

const anyError = fc.record({
  receivedAt: fc.integer({ min: 0, max: 20 }).map((n) => MORNING + n),
  session: fc.constantFrom("alpha", "beta", null),
  category: fc.constantFrom("page interaction", "form interaction", null),
  name: fc.constantFrom("pageview", "submit", null),
  application: fc.constantFrom("shop", "blog", null),
  issues: fc
    .uniqueArray(fc.constantFrom(...EVENT_CODE_NAMES.slice(0, 4)), { minLength: 1 })
    .map((codes) => codes.map((code) => ({ code, path: "", message: "wrong" }))),
});

const anyQuestion = fc.record({
  status: fc.option(fc.constantFrom("open" as const, "resolved" as const)),
  code: fc.option(fc.constantFrom(...EVENT_CODE_NAMES.slice(0, 5))),
  session: fc.option(fc.constantFrom("alpha", "beta", "gamma")),
  category: fc.option(fc.constantFrom("page interaction", "form interaction")),
  name: fc.option(fc.constantFrom("pageview", "submit")),
  applications: fc.option(fc.subarray(["shop", "blog"])),
  from: fc.option(fc.integer({ min: 0, max: 10 }).map((n) => MORNING + n)),
  to: fc.option(fc.integer({ min: 10, max: 20 }).map((n) => MORNING + n)),
  order: fc.constantFrom("asc" as const, "desc" as const),
  limit: fc.constantFrom(1, 5, 100),
  after: fc.constant(null),
});

/** Every third error is resolved. */
const isResolved = (row: ErrorRow) => Number(row.id.slice(-6)) % 3 === 0;

function expected(rows: ErrorRow[], question: ErrorQuestion): string[] {
  const sorted = rows
    .filter(
      (row) =>
        (question.status === null || (question.status === "resolved") === isResolved(row)) &&
        (question.code === null || row.issues.some(({ code }) => code === question.code)) &&
        (question.session ?? row.session) === row.session &&
        (question.category ?? row.category) === row.category &&
        (question.name ?? row.name) === row.name &&
        (question.applications === null ||
          (row.application !== null && question.applications.includes(row.application))) &&
        row.receivedAt >= (question.from ?? 0) &&
        row.receivedAt <= (question.to ?? Number.MAX_SAFE_INTEGER),
    )
    .sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1));
  const ids = sorted.map(({ id }) => id);
  return question.order === "asc" ? ids : ids.reverse();
}

describe("findErrors", () => {
  it("returns exactly what sorting and filtering all errors gives, for any query", async () => {
    const rows = fc.sample(anyError, { numRuns: 80, seed: 7 }).map((row) => errorRow(row));
    await store(databases, { errors: rows });
    const resolve = "UPDATE errors SET resolved_at = 1 WHERE CAST(substr(id, -6) AS INTEGER) % 3 = 0";
    for (const { binding } of databases) await binding.prepare(resolve).run();
    await fc.assert(
      fc.asyncProperty(anyQuestion, async (question) => {
        expect(await scan(question)).toEqual(expected(rows, question));
      }),
      { numRuns: 80, seed: 7 },
    );
  });

  it("joins the chunks of a large event, and returns how many have arrived", async () => {
    const whole = errorRow({ id: "whole", content: null, parts: 3 });
    const partial = errorRow({ id: "partial", content: null, parts: 3 });
    const text = JSON.stringify({ text: "ä\u{1F600}".repeat(20) });
    const pieces = [text.slice(0, 10), text.slice(10, 25), text.slice(25)];
    const parts = [2, 0, 1].map((part) => ({
      session: "session",
      errorId: "whole",
      part,
      content: pieces[part] ?? "",
    }));
    const one = { session: "session", errorId: "partial", part: 1, content: "…" };
    await store(databases, { errors: [whole, partial], parts: [...parts, one] });
    const { rows } = await findErrors(databases, { ...everything, order: "asc" });
    expect(rows.map(({ key, content }) => [key.id, content])).toEqual([
      ["partial", { kind: "incomplete", arrived: 1, of: 3 }],
      ["whole", { kind: "whole", text }],
    ]);
  });

  it("keeps the content of an error without a session, whatever its JSON", async () => {
    const malformed = errorRow({
      application: null,
      session: null,
      category: null,
      name: null,
      eventId: null,
      content: '"junk"',
    });
    await store(databases, { errors: [malformed] });
    const { rows } = await findErrors(databases, everything);
    expect(rows).toMatchObject([{ session: null, application: null, content: { kind: "whole", text: '"junk"' } }]);
  });

  it("ends a page early if its contents are large, and continues on the next page", async () => {
    const content = JSON.stringify("x".repeat(30_000));
    const long = Array.from({ length: 100 }, (_, n) =>
      errorRow({ session: `s${n}`, receivedAt: MORNING + n, content }),
    );
    const pieced = Array.from({ length: 10 }, (_, n) =>
      errorRow({ session: `s${n}`, receivedAt: MORNING - n, content: null, parts: 40 }),
    );
    await store(databases, { errors: [...long, ...pieced] });
    const { rows, next } = await findErrors(databases, { ...everything, limit: 1_000 });
    const room = MAX_PAGE_CONTENT - 100 * content.length;
    expect(rows.length).toBe(100 + Math.floor(room / (40 * MAX_PART_CHARACTERS)));
    expect(next).not.toBeNull();
    expect((await scan({ ...everything, limit: 1_000 })).length).toBe(110);
  });

  it("examines a bounded number of errors, and continues from there", async () => {
    const rows = Array.from({ length: MAX_ROWS_EXAMINED + 100 }, (_, n) =>
      errorRow({ receivedAt: MORNING + n, application: n === 0 ? "blog" : "shop" }),
    );
    await store(databases, { errors: rows });
    const question = { ...everything, category: "page interaction", applications: ["blog"] };
    const first = await findErrors(databases, question);
    expect(first.rows).toEqual([]);
    expect(first.next).not.toBeNull();
    expect(await scan(question)).toEqual([rows[0]?.id]);
  });

  it.each<[string, Partial<ErrorQuestion>, string, string]>([
    ["code", { code: "data_invalid", applications: ["blog"] }, "errors_with_data_invalid", "errors_by_application"],
    ["session", { session: "session", code: "name_invalid" }, "errors_by_session", "errors_with_name_invalid"],
    ["name", { name: "pageview", category: "legal" }, "errors_by_name", "errors_by_category"],
    ["category", { category: "page interaction", status: "resolved" }, "errors_by_category", "errors_resolved"],
  ])("scans the index of a %s, and reads no error that the other filter excludes", async (...row) => {
    const [, filters, scanned, other] = row;
    const [home] = databases;
    if (home === undefined) throw new Error("There is no database.");
    const rows = Array.from({ length: MAX_ROWS_EXAMINED + 100 }, (_, n) => errorRow({ receivedAt: MORNING + n }));
    await store([home], { errors: rows });
    const { database, queries } = watch(home);
    const { next } = await findErrors([database], { ...everything, ...filters });
    expect(next).not.toBeNull();
    const plans = await Promise.all(queries.map((query) => planOf(home, query)));
    const steps = plans.flat().filter((step) => /errors/.test(step));
    expect(steps.map((step) => step.replace(/ \(.*/, ""))).toEqual([
      expect.stringMatching(`^(SCAN|SEARCH) errors USING COVERING INDEX ${scanned}$`),
      `SEARCH errors USING INDEX ${other}`,
      expect.stringMatching(`^(SCAN|SEARCH) errors USING COVERING INDEX ${scanned}$`),
    ]);
    expect(steps[1]).toMatch(/received_at=\? AND id=\?/);
    const costs = await Promise.all(queries.map((query) => rowsReadBy(home, query)));
    expect(Math.max(...costs)).toBeLessThanOrEqual(MAX_ROWS_EXAMINED + 1);
  });
});

it("findErrorsById finds errors in any database, with their contents", async () => {
  const long = JSON.stringify({ text: "x".repeat(10_000) });
  const rows = ["alpha", "beta", "gamma", null].map((session, n) =>
    errorRow({ session, id: `by-id-${n}`, receivedAt: MORNING + n, content: n === 1 ? long : "{}" }),
  );
  await store(databases, { errors: rows });
  const found = await findErrorsById(databases, ["by-id-3", "by-id-1", "nobody's", "by-id-0"]);
  expect(found.map(({ key }) => key.id)).toEqual(["by-id-0", "by-id-1", "by-id-3"]);
  expect(found[1]).toMatchObject({ session: "beta", content: { kind: "whole", text: long }, resolvedAt: null });
  expect(await findErrorsById(databases, [])).toEqual([]);
});
