import { EVENT_CODES, type EventCode, REQUEST_PROBLEMS, type RequestProblemCode } from "../../model/codes";

/** What `/problems/<code>` tells, which is where the `type` of every problem leads. */
export interface ProblemPage {
  code: RequestProblemCode | EventCode;
  about: "request" | "event";
  title: string;
  /** The HTTP status that carries it; null for an event's, since its request was answered with 202. */
  status: number | null;
  meaning: string;
  fix: string;
}

/** @returns null where there is no such code. */
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
    fix: `It is kept whole: GET /theeye/errors?code=${code} lists such events with everything that is wrong with each. Correct what sends them. What is stored already can be repaired and processed once more: POST /theeye/errors/replay with a filter by this code and a repair, first with dry_run=1. docs/errors.md has examples.`,
  };
}

const DETAIL = "`detail` in the answer says what was wrong.";

function isKey<Table extends object>(table: Table, key: string): key is Extract<keyof Table, string> {
  return Object.hasOwn(table, key);
}
