import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_QUESTION_VERSIONS, MAX_SAVED_QUESTIONS } from "../../../src/model/questions/saved-question";
import {
  listQuestions,
  loadQuestion,
  type SavedQuestion,
  saveQuestion,
  versionsOf,
} from "../../../src/storage/admin/saved-questions";

const home = { index: 0, binding: env.DB };

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM questions").run();
});

const questionOf = (changes: Partial<SavedQuestion> = {}): SavedQuestion => ({
  ...{ name: "a", version: 1, kind: "stats", question: { interval: "day" }, description: null, savedAt: 1 },
  ...changes,
});
const save = (changes: Partial<SavedQuestion> = {}) => saveQuestion(home, questionOf(changes));

/** Adds versions by SQL, from 1 on. */
async function addVersions(name: string, versions: number, question = "{}"): Promise<void> {
  await env.DB.prepare(
    `WITH n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?2)
     INSERT INTO questions (name, version, kind, question, saved_at) SELECT ?1, n, 'stats', ?3, n FROM n`,
  )
    .bind(name, versions, question)
    .run();
}

describe("saving a question", () => {
  it("adds a version, unless someone else has added it", async () => {
    expect(await save()).toBe("saved");
    expect(await save({ question: { interval: "hour" } })).toBe("changed");
    expect(await save({ version: 2, question: null, description: "removed" })).toBe("saved");
    expect(await loadQuestion(home, "a", 1)).toEqual(questionOf());
    expect(await loadQuestion(home, "a", null)).toMatchObject({ version: 2, question: null, description: "removed" });
    expect(await loadQuestion(home, "a", 3)).toBeNull();
  });

  it("is refused above the number of versions", async () => {
    await addVersions("a", MAX_QUESTION_VERSIONS - 1);
    expect(await save({ version: MAX_QUESTION_VERSIONS })).toBe("saved");
    expect(await save({ version: MAX_QUESTION_VERSIONS + 1 })).toBe("full");
  });

  it("is refused above the number of questions, but not for an existing one", async () => {
    for (let n = 0; n < MAX_SAVED_QUESTIONS; n += 100) {
      const names = JSON.stringify(Array.from({ length: 100 }, (_, place) => `q${n + place}`));
      await env.DB.prepare(
        "INSERT INTO questions (name, version, kind, question, saved_at) SELECT value, 1, 'stats', '{}', 1 FROM json_each(?1)",
      )
        .bind(names)
        .run();
    }
    expect(await save()).toBe("full");
    expect(await save({ name: "q7", version: 2 })).toBe("saved");
  });
});

describe("the list of questions", () => {
  it("has the latest versions by name, without removed questions", async () => {
    for (const name of ["c", "a", "b", "d"]) await save({ name });
    await save({ name: "a", version: 2, savedAt: 9 });
    await save({ name: "b", version: 2, question: null });
    const page = await listQuestions(home, { after: null, limit: 2 });
    expect(page.rows.map(({ name, version }) => [name, version])).toEqual([
      ["a", 2],
      ["c", 1],
    ]);
    expect(page.next).toBe("c");
    const last = await listQuestions(home, { after: "c", limit: 2 });
    expect([last.rows.map(({ name }) => name), last.next]).toEqual([["d"], null]);
  });
});

describe("the versions of a question", () => {
  it("come newest first, in pages", async () => {
    await addVersions("a", 5);
    await addVersions("b", 1);
    const page = await versionsOf(home, "a", { before: null, limit: 2 });
    expect([page.rows.map(({ version }) => version), page.next]).toEqual([[5, 4], 4]);
    const last = await versionsOf(home, "a", { before: 3, limit: 2 });
    expect([last.rows.map(({ version }) => version), last.next]).toEqual([[2, 1], null]);
    expect(await versionsOf(home, "none", { before: null, limit: 2 })).toEqual({ rows: [], next: null });
  });

  it("end a page early if they are large", async () => {
    await addVersions("a", 4, JSON.stringify({ text: "x".repeat(1_900_000) }));
    const page = await versionsOf(home, "a", { before: null, limit: 10 });
    expect([page.rows.map(({ version }) => version), page.next]).toEqual([[4, 3], 3]);
  });
});
