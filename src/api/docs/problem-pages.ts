import { EVENT_CODES, type EventCode, REQUEST_PROBLEMS, type RequestProblemCode } from "../../model/codes";

/** The content of `/problems/<code>`, which the `type` of every problem links to. */
export interface ProblemPage {
  code: RequestProblemCode | EventCode;
  about: "request" | "event";
  title: string;
  /** The HTTP status of the response; null for codes of events, whose request was answered with 202. */
  status: number | null;
  meaning: string;
  fix: string;
}

/** @returns null if there is no such code */
export function problemPage(code: string): ProblemPage | null {
  if (isKey(REQUEST_PROBLEMS, code)) {
    const { title, status, fix } = REQUEST_PROBLEMS[code];
    return { code, about: "request", title, status, meaning: `The request was refused. ${DETAIL}`, fix };
  }
  if (!isKey(EVENT_CODES, code)) return null;
  const words = code.replaceAll("_", " ");
  return {
    code,
    about: "event",
    title: `${words.charAt(0).toUpperCase()}${words.slice(1)}`,
    status: null,
    meaning: `The event was accepted but could not be stored. ${EVENT_CODES[code]}`,
    fix: `The complete event is kept: GET /theeye/errors?code=${code} lists such events with all issues of each. Correct the sender. Events that failed already can be repaired and processed again: POST /theeye/errors/replay with a filter by this code and a repair, first with dry_run=1. docs/errors.md has examples.`,
  };
}

const DETAIL = "`detail` in the response describes what was wrong.";

function isKey<Table extends object>(table: Table, key: string): key is Extract<keyof Table, string> {
  return Object.hasOwn(table, key);
}
