/**
 * The stable error codes, with the meaning of each and how to fix it. The API reference, the problem details and the
 * pages under /problems are generated from these tables.
 */

/** Reasons to refuse a whole request. The answer is immediate, and no event of the request is accepted. */
export const REQUEST_PROBLEMS = {
  unauthorized: {
    status: 401,
    title: "The request carries no valid key",
    fix: "Send a key as `Authorization: Bearer <key>` (or `Token <key>`, Basic with the key as user name, `X-Write-Key`, `?key=`). A revoked key never becomes valid again: rotate the application's keys.",
  },
  forbidden: {
    status: 403,
    title: "The key does not allow this",
    fix: "Use a key with the scope that the operation requires, and send from an origin on the key's list.",
  },
  invalid_json: {
    status: 400,
    title: "The body cannot be read as JSON",
    fix: "Send one JSON object, an array of objects, or one object per line (NDJSON), as UTF-8. In NDJSON, a line that is not JSON does not affect the others: it is stored among the errors.",
  },
  empty_batch: {
    status: 400,
    title: "The body contains no event",
    fix: "Send at least one event.",
  },
  too_many_events: {
    status: 413,
    title: "The request contains too many events",
    fix: "Split the batch into requests of at most the stated number of events.",
  },
  payload_too_large: {
    status: 413,
    title: "The body is too large",
    fix: "Split the batch. The limit counts bytes after decompression.",
  },
  unsupported_encoding: {
    status: 415,
    title: "The body's compression is not supported",
    fix: "Send the body uncompressed or with `Content-Encoding: gzip`.",
  },
  invalid_parameter: {
    status: 400,
    title: "A parameter is not valid",
    fix: "`parameter` names the parameter and `detail` says which values it accepts.",
  },
  question_too_large: {
    status: 422,
    title: "The query would read more events than one request may",
    fix: "Query a shorter range or a rare category. docs/questions.md says which queries work over any range.",
  },
  not_found: { status: 404, title: "Nothing was found at this path", fix: "The API reference at / lists every path." },
  method_not_allowed: {
    status: 405,
    title: "This path does not support this method",
    fix: "The `Allow` header lists the supported methods.",
  },
  schema_invalid: {
    status: 422,
    title: "The schema is not valid, or could take unbounded work",
    fix: "`path` is the place in the schema and `detail` says what is allowed there. docs/event-types.md lists the limits.",
  },
  cold_scan: {
    status: 400,
    title: "The query would have to scan archived events",
    fix: "Query a later range, or query the archive's files with SQL: `npm run query`, DuckDB, ClickHouse or Spark. docs/storage.md explains how.",
  },
  archived_errors: {
    status: 409,
    title: "The errors are in the archive, which cannot be replayed",
    fix: "Read the event with `GET /theeye/errors/{id}` and send it again, corrected. `hot_days` of the settings says how long errors can be replayed: at least 15 days.",
  },
  conflict: { status: 409, title: "It already exists", fix: "Choose another name, or change the existing one." },
  rate_limited: {
    status: 429,
    title: "Too many requests at once",
    fix: "Send the same request again after `Retry-After` seconds. No part of it was accepted.",
  },
  misconfigured: {
    status: 503,
    title: "The service is not configured",
    fix: "`detail` names the deployment's setting and the value to set. Until then events are refused; send them again afterwards.",
  },
  unavailable: {
    status: 503,
    title: "The request cannot be served at the moment",
    fix: "Send the same request again after `Retry-After` seconds, with the same `Idempotency-Key` or event ids.",
  },
} as const satisfies Record<string, { status: number; title: string; fix: string }>;

export type RequestProblemCode = keyof typeof REQUEST_PROBLEMS;

/**
 * What can be wrong with an event. This is found after the 202; the errors table keeps the whole event with all its
 * issues.
 */
export const EVENT_CODES = {
  session_id_invalid:
    "The session id is missing, not 1 to 128 printable characters, or a placeholder such as `undefined`.",
  category_invalid: "The category is missing or not 1 to 64 printable characters.",
  name_invalid: "The name is missing or not 1 to 64 printable characters.",
  data_invalid: "The payload is missing, null, an empty string, or not a JSON object. `{}` is a valid payload.",
  timestamp_invalid: "The timestamp is missing or cannot be read.",
  timestamp_in_future: "The timestamp is later than the event's receipt by more than the tolerance.",
  event_too_large: "The event is larger than 32 KB as JSON.",
  event_invalid:
    "The event is not a JSON object (or is a line of NDJSON that is not JSON) or is nested too deeply, its id or visitor id is not 1 to 128 printable characters, or its context is not a JSON object.",
  schema_violation: "The payload does not match the schema of its event type.",
  unplanned_event: "The event's type is not registered, and unregistered types are rejected.",
  id_conflict: "Another event of the session has the same id and timestamp but different content.",
  delivery_failed: "The event could not be processed, even after every retry.",
} as const satisfies Record<string, string>;

export type EventCode = keyof typeof EVENT_CODES;

export const EVENT_CODE_NAMES = Object.keys(EVENT_CODES) as [EventCode, ...EventCode[]];

/** One problem of an event. `path` is a JSON pointer (RFC 6901) into the event; "" is the event itself. */
export interface Issue {
  code: EventCode;
  path: string;
  message: string;
}

/**
 * The issue of an event whose identity another event of its session already has. It does not reveal which application
 * sent the other one.
 */
export const ID_CONFLICT: Issue = {
  code: "id_conflict",
  path: "/id",
  message: "expected a unique id, found the id of another event of the session with the same timestamp",
};
