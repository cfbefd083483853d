import type { ProblemMembers } from "../../../http/problem";
import { REQUEST_PROBLEMS, type RequestProblemCode } from "../../../model/codes";
import { MAX_BODY_BYTES, MAX_EVENTS_PER_REQUEST, MAX_PAGE_SIZE } from "../../../model/limits";
import { MAX_LIVE_EVENTS } from "../../../storage/core/read-limits";

/** The details of a response with each code. Each was returned by the running service. */
const PARTICULARS: Record<RequestProblemCode, { detail: string; members?: ProblemMembers }> = {
  unauthorized: { detail: "The request has no key." },
  forbidden: { detail: "This requires a key with scope write; the key's scope is read.", members: { scope: "write" } },
  invalid_json: { detail: "The body ends too early at line 1, column 15.", members: { line: 1, column: 15 } },
  empty_batch: { detail: "The body contains no event." },
  too_many_events: {
    detail: `A request may contain at most ${MAX_EVENTS_PER_REQUEST} events; this one contains ${MAX_EVENTS_PER_REQUEST + 1}.`,
    members: { limit: MAX_EVENTS_PER_REQUEST, actual: MAX_EVENTS_PER_REQUEST + 1 },
  },
  payload_too_large: {
    detail: `The body may have at most ${MAX_BODY_BYTES} bytes after decompression.`,
    members: { limit: MAX_BODY_BYTES, actual: MAX_BODY_BYTES + 1 },
  },
  unsupported_encoding: { detail: "`Content-Encoding` must be gzip or identity." },
  invalid_parameter: {
    detail: `The parameter limit is not valid: expected a whole number from 1 to ${MAX_PAGE_SIZE}.`,
    members: { parameter: "limit" },
  },
  question_too_large: {
    detail: `The query would examine about 1000000 events; the limit is ${MAX_LIVE_EVENTS}. Use a shorter range, or a category that is rare.`,
    members: { limit: MAX_LIVE_EVENTS, actual: 1_000_000 },
  },
  cold_scan: {
    detail:
      "A part of the range is archived, where only event counts for whole hours are available. Start at 2026-01-01T00:00:00.000Z, or query the archive with SQL.",
  },
  archived_errors: {
    detail:
      "These errors are in the archive: 0af7651c-cb4e-4e4e-80b5-f1ffddc25423. Archived errors cannot be replayed. GET /theeye/errors/{id} returns the event: send it again, corrected, to POST /theeye/events.",
    members: { ids: ["0af7651c-cb4e-4e4e-80b5-f1ffddc25423"] },
  },
  not_found: { detail: "There is nothing at this path." },
  method_not_allowed: { detail: "PUT is not allowed here; allowed are POST, OPTIONS, GET, HEAD." },
  schema_invalid: {
    detail:
      "The schema is not valid at /properties/host/type: expected one of null, boolean, object, array, number, string, integer, or an array of them.",
    members: { path: "/properties/host/type" },
  },
  conflict: { detail: "The application demo exists already." },
  rate_limited: { detail: "The queue receives more messages than it accepts in a second." },
  misconfigured: {
    detail:
      "The Eye is not configured: KEY_CACHE_SECONDS is not valid. Set it under [vars] in wrangler.toml to a whole number of seconds from 0 to 3600.",
  },
  unavailable: { detail: "The queue does not accept events at the moment." },
};

/** One whole answer of a code. */
export function problemExample(code: RequestProblemCode): Record<string, unknown> {
  const { status, title } = REQUEST_PROBLEMS[code];
  const { detail, members } = PARTICULARS[code];
  return { type: `../problems/${code}`, title, status, code, detail, ...members };
}
