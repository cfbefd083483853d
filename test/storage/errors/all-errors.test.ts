import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EventCode } from "../../../src/model/codes";
import { findAllErrors, findAllErrorsById } from "../../../src/storage/errors/all-errors";
import type { ErrorQuestion } from "../../../src/storage/errors/scan-errors";
import { findAllFailures } from "../../../src/storage/events/receipts/whole-failures";
import { compactAll, databases, emptyEverything, ioWith, LATER, MOVING_ERRORS } from "../../compaction/harness";
import { errorRow, HOUR, MINUTE, MORNING, store } from "../seed";

/** The same questions while errors lie in the databases, in both, and in the archive: every answer is the same. */

const CODES: EventCode[] = ["data_invalid", "schema_violation", "name_invalid"];

const ERRORS = Array.from({ length: 150 }, (_, n) =>
  errorRow({
    id: `err_${String((n * 37) % 150).padStart(3, "0")}`,
    eventId: `event-${n}`,
    // Several of one moment.
    receivedAt: MORNING + Math.floor(n / 3) * 6 * MINUTE,
    session: n % 6 === 0 ? null : `session-${n % 11}`,
    category: n % 10 === 3 ? "rare" : "media",
    name: `name-${n % 4}`,
    application: n % 5 === 0 ? "blog" : n % 13 === 0 ? null : "shop",
    issues: [{ code: CODES[n % 3] ?? "data_invalid", path: "/x", message: "m" }],
    content: JSON.stringify({ n }),
  }),
);

type Row = (typeof ERRORS)[number];

const ANY: ErrorQuestion = {
  ...{ session: null, code: null, category: null, name: null, applications: null, status: null },
  ...{ from: null, to: null, order: "desc", limit: 7, after: null },
};

async function scan(question: Partial<ErrorQuestion>) {
  const rows: Awaited<ReturnType<typeof findAllErrors>>["rows"] = [];
  let { after } = ANY;
  for (let page = 0; page < 300; page++) {
    const found = await findAllErrors(databases, { ...ANY, ...question, after }, env.ARCHIVE);
    rows.push(...found.rows);
    if (found.next === null) return rows;
    after = found.next;
  }
  throw new Error("the scan does not end");
}

const inOrder = ERRORS.toSorted((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1));

const QUESTIONS: [string, Partial<ErrorQuestion>, (row: Row) => boolean][] = [
  ["all, newest first", { limit: 40 }, () => true],
  ["all, oldest first", { order: "asc", limit: 40 }, () => true],
  [
    "a range",
    { from: MORNING + HOUR, to: MORNING + 3 * HOUR },
    ({ receivedAt }) => receivedAt >= MORNING + HOUR && receivedAt <= MORNING + 3 * HOUR,
  ],
  ["a session", { session: "session-5" }, ({ session }) => session === "session-5"],
  [
    "a session with a code",
    { session: "session-5", code: "data_invalid", order: "asc" },
    ({ session, issues }) => session === "session-5" && issues[0]?.code === "data_invalid",
  ],
  ["a code", { code: "schema_violation", limit: 30 }, ({ issues }) => issues[0]?.code === "schema_violation"],
  ["a category", { category: "rare", order: "asc" }, ({ category }) => category === "rare"],
  [
    "a name of an application",
    { name: "name-1", applications: ["blog"] },
    ({ name, application }) => name === "name-1" && application === "blog",
  ],
  ["applications", { applications: ["blog", "shop"], limit: 100 }, ({ application }) => application !== null],
  ["open ones", { status: "open", limit: 100 }, () => true],
  ["resolved ones", { status: "resolved" }, () => false],
  ["a type that never failed", { name: "never" }, () => false],
];

describe.each([
  ["in the databases", Number.NEGATIVE_INFINITY],
  ["of which half have moved", MORNING + 2 * HOUR + 30 * MINUTE],
  ["in the archive", LATER],
])("errors %s", (_, now) => {
  beforeAll(async () => {
    await emptyEverything();
    await store(databases, { errors: ERRORS });
    if (now > 0) await compactAll(ioWith({ settings: MOVING_ERRORS }), now);
  }, 120_000);

  it.each(QUESTIONS)("answer %s", async (__, question, matches) => {
    const expected = inOrder.filter(matches);
    const rows = await scan(question);
    const ids = (question.order ?? "desc") === "asc" ? expected : expected.toReversed();
    expect(rows.map(({ key }) => key.id)).toEqual(ids.map(({ id }) => id));
    const [first] = rows;
    const row = ERRORS.find(({ id }) => id === first?.key.id);
    if (first !== undefined && row !== undefined) {
      const { receivedAt, id, session, application, category, name, eventId } = row;
      const content = { kind: "whole", text: row.content };
      expect(first).toMatchObject({ key: { receivedAt, id }, session, application, category, name, eventId, content });
      expect(JSON.parse(first.issues)).toEqual(row.issues);
    }
  });

  it("are found by id", async () => {
    const [one, other] = [ERRORS[3]?.id ?? "", ERRORS[140]?.id ?? ""];
    const found = await findAllErrorsById(databases, [other, one, "none"], env.ARCHIVE);
    expect(found.map(({ key }) => key.id)).toEqual([one, other]);
  });

  it("stand in the receipts of their events", async () => {
    const row = ERRORS[5];
    const asked = { session: row?.session ?? "", id: "event-5", applications: null };
    const failures = await findAllFailures(databases, asked, env.ARCHIVE);
    expect(failures.map(({ errorId }) => errorId)).toEqual([row?.id]);
    expect(await findAllFailures(databases, { ...asked, applications: ["other"] }, env.ARCHIVE)).toEqual([]);
  });
});

describe("long contents", () => {
  beforeEach(emptyEverything);

  it("end a page of archived errors early", async () => {
    const large = Array.from({ length: 12 }, (_, n) =>
      errorRow({ receivedAt: MORNING + n * MINUTE, content: JSON.stringify({ n, text: "x".repeat(900_000) }) }),
    );
    await store(databases, { errors: large });
    await compactAll(ioWith({ settings: MOVING_ERRORS }));
    const page = await findAllErrors(databases, { ...ANY, limit: 100 }, env.ARCHIVE);
    expect(page.fromArchive).toBe(true);
    expect(page.rows.length).toBeLessThan(6);
    expect(page.next).not.toBeNull();
    expect((await scan({ limit: 100 })).length).toBe(12);
  });
});
