import {
  MAX_QUESTION_VERSIONS,
  MAX_SAVED_QUESTIONS,
  type SavedKind,
  type SavedMembers,
} from "../../model/questions/saved-question";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";
import { type Page, pageWithin } from "../scan/partial-page";

/** A version of a saved question. */
export interface SavedQuestion {
  name: string;
  version: number;
  kind: SavedKind;
  /** Null if this version removed the question. */
  question: SavedMembers | null;
  description: string | null;
  savedAt: Micros;
}

export type Saving = "saved" | "full" | "changed";

/**
 * Saved questions are in the first database. All functions here throw what D1 throws.
 *
 * @param question.version the previous version's number plus one, or 1
 * @returns `full` if there are too many questions or versions; `changed` if someone else saved this version
 */
export async function saveQuestion({ binding }: Database, question: SavedQuestion): Promise<Saving> {
  const { name, version, kind, description, savedAt } = question;
  if (version > MAX_QUESTION_VERSIONS) return "full";
  const { meta } = await binding
    .prepare(
      `INSERT INTO questions (name, version, kind, question, description, saved_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?2 > 1 OR (SELECT count(DISTINCT name) FROM questions) < ?7
       ON CONFLICT DO NOTHING`,
    )
    .bind(
      name,
      version,
      kind,
      question.question === null ? null : JSON.stringify(question.question),
      description,
      savedAt,
      MAX_SAVED_QUESTIONS,
    )
    .run();
  if (meta.changes > 0) return "saved";
  return (await loadQuestion({ index: 0, binding }, name, version)) === null ? "full" : "changed";
}

/** @param version null for the latest */
export async function loadQuestion(
  { binding }: Database,
  name: string,
  version: number | null,
): Promise<SavedQuestion | null> {
  const row = await binding
    .prepare("SELECT * FROM questions WHERE name = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY version DESC LIMIT 1")
    .bind(name, version)
    .first<QuestionRow>();
  return row === null ? null : toQuestion(row);
}

/** A page of the latest versions of all questions that are not removed, by name. It ends early like a page of `versionsOf`. */
export async function listQuestions(
  { binding }: Database,
  { after, limit }: { after: string | null; limit: number },
): Promise<Page<SavedQuestion, string>> {
  const { results } = await binding
    .prepare(
      `SELECT q.name AS key, q.version, ${SIZE} AS size
       FROM (SELECT name, max(version) AS version FROM questions WHERE name > ?1 GROUP BY name) AS latest
       CROSS JOIN questions AS q WHERE q.name = latest.name AND q.version = latest.version AND q.question IS NOT NULL
       ORDER BY q.name LIMIT ?2`,
    )
    .bind(after ?? "", limit + 1)
    .all<{ key: string; version: number; size: number }>();
  const { rows, next } = pageWithin(results, limit);
  const listed = await binding
    .prepare(
      `SELECT q.* FROM json_each(?1) AS wanted CROSS JOIN questions AS q
       WHERE q.name = wanted.value ->> 0 AND q.version = wanted.value ->> 1 ORDER BY q.name`,
    )
    .bind(JSON.stringify(rows.map(({ key, version }) => [key, version])))
    .all<QuestionRow>();
  return { rows: listed.results.map(toQuestion), next };
}

/** A page of the versions of a question, newest first. It ends early if questions pass MAX_PAGE_CONTENT: 500 may have 10 MB. */
export async function versionsOf(
  { binding }: Database,
  name: string,
  { before, limit }: { before: number | null; limit: number },
): Promise<Page<SavedQuestion, number>> {
  const { results } = await binding
    .prepare(
      `SELECT q.version AS key, ${SIZE} AS size FROM questions AS q WHERE q.name = ?1 AND q.version < ?2
       ORDER BY q.version DESC LIMIT ?3`,
    )
    .bind(name, before ?? Number.MAX_SAFE_INTEGER, limit + 1)
    .all<{ key: number; size: number }>();
  const { rows, next } = pageWithin(results, limit);
  const [newest, oldest] = [rows.at(0), rows.at(-1)];
  if (newest === undefined || oldest === undefined) return { rows: [], next: null };
  const listed = await binding
    .prepare("SELECT * FROM questions WHERE name = ?1 AND version BETWEEN ?2 AND ?3 ORDER BY version DESC")
    .bind(name, oldest.key, newest.key)
    .all<QuestionRow>();
  return { rows: listed.results.map(toQuestion), next };
}

const SIZE = "coalesce(length(q.question), 0) + coalesce(length(q.description), 0)";

interface QuestionRow {
  name: string;
  version: number;
  kind: SavedKind;
  question: string | null;
  description: string | null;
  saved_at: number;
}

function toQuestion({ saved_at, question, ...row }: QuestionRow): SavedQuestion {
  return { ...row, savedAt: saved_at, question: JSON.parse(question ?? "null") };
}
