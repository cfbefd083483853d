import {
  MAX_QUESTION_VERSIONS,
  MAX_SAVED_QUESTIONS,
  type SavedKind,
  type SavedMembers,
} from "../../model/questions/saved-question";
import type { Micros } from "../../model/time/time";
import type { Database } from "../core/databases";

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

/** The latest version of each question that was not removed, by name: at most MAX_SAVED_QUESTIONS. */
export async function listQuestions({ binding }: Database): Promise<SavedQuestion[]> {
  const { results } = await binding
    .prepare(
      `SELECT q.* FROM (SELECT name, max(version) AS version FROM questions GROUP BY name) AS latest
       CROSS JOIN questions AS q WHERE q.name = latest.name AND q.version = latest.version AND q.question IS NOT NULL
       ORDER BY q.name`,
    )
    .all<QuestionRow>();
  return results.map(toQuestion);
}

/** All versions of a question, newest first. */
export async function versionsOf({ binding }: Database, name: string): Promise<SavedQuestion[]> {
  const { results } = await binding
    .prepare("SELECT * FROM questions WHERE name = ?1 ORDER BY version DESC")
    .bind(name)
    .all<QuestionRow>();
  return results.map(toQuestion);
}

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
