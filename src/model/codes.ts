/**
 * The stable codes of everything that can go wrong, with what each means and how to fix it. The API reference, the
 * problem details and the pages under /problems are made from these tables.
 */

/** What is wrong with a request. Answered at once; nothing of the request was taken. */
export const REQUEST_PROBLEMS = {
  unauthorized: {
    status: 401,
    title: "The request carries no valid key",
    fix: "Send a key as `Authorization: Bearer <key>` (or `Token <key>`, Basic with the key as user name, `X-Write-Key`, `?key=`). A revoked key stays refused: rotate the application's keys.",
  },
  forbidden: {
    status: 403,
    title: "The key does not allow this",
    fix: "Use a key of the scope that the operation asks for, and send from an origin on the key's list.",
  },
  invalid_json: {
    status: 400,
    title: "The body cannot be read as JSON",
    fix: "Send one JSON object, an array of objects, or one object a line (NDJSON), as UTF-8. In NDJSON a line that is not JSON is no reason to refuse the others: it is kept among the errors.",
  },
  empty_batch: {
    status: 400,
    title: "The body holds no event",
    fix: "Send at least one event.",
  },
  too_many_events: {
    status: 413,
    title: "The request holds too many events",
    fix: "Split the batch into requests of at most the stated number of events.",
  },
  payload_too_large: {
    status: 413,
    title: "The body is too large",
    fix: "Split the batch. The limit counts bytes after decompression.",
  },
  unsupported_encoding: {
    status: 415,
    title: "The body's compression is not understood",
    fix: "Send the body plain or with `Content-Encoding: gzip`.",
  },
  invalid_parameter: {
    status: 400,
    title: "A parameter is not understood",
    fix: "`parameter` names it and `detail` says what it takes.",
  },
  question_too_large: {
    status: 422,
    title: "The question looks at more events than one answer may",
    fix: "Ask for a shorter range or for a rare category. docs/questions.md says what is answered over any range.",
  },
  not_found: { status: 404, title: "There is nothing here", fix: "The API reference at / lists every path." },
  method_not_allowed: {
    status: 405,
    title: "This path does not take this method",
    fix: "The `Allow` header lists the methods that it takes.",
  },
  schema_invalid: {
    status: 422,
    title: "The schema is not valid, or could run away",
    fix: "`path` tells the place in the schema and `detail` what is taken there. docs/event-types.md lists the limits.",
  },
  cold_scan: {
    status: 400,
    title: "The question would need a scan of archived events",
    fix: "Ask for a later range, or ask in SQL over the archive's files: `npm run query`, or DuckDB, ClickHouse or Spark. docs/storage.md says how.",
  },
  conflict: { status: 409, title: "It exists already", fix: "Choose another name, or change what exists." },
  rate_limited: {
    status: 429,
    title: "Too many requests at once",
    fix: "Send the same request again after `Retry-After` seconds. Nothing of it was taken.",
  },
  misconfigured: {
    status: 503,
    title: "The service is not configured",
    fix: "The detail names the setting of the deployment and what to set. Events are refused until then; send them again afterwards.",
  },
  unavailable: {
    status: 503,
    title: "The request cannot be served at this moment",
    fix: "Send the same request again after `Retry-After` seconds, with the same `Idempotency-Key` or event ids.",
  },
} as const satisfies Record<string, { status: number; title: string; fix: string }>;

export type RequestProblemCode = keyof typeof REQUEST_PROBLEMS;

/** What is wrong with an event. Found after the 202; the event is kept whole in the errors table with all its issues. */
export const EVENT_CODES = {
  session_id_invalid:
    "The session id is missing, not 1 to 128 printable characters, or a placeholder such as `undefined`.",
  category_invalid: "The category is missing or not 1 to 64 printable characters.",
  name_invalid: "The name is missing or not 1 to 64 printable characters.",
  data_invalid: "The payload is missing, null, empty text, or not a JSON object. `{}` is a payload.",
  timestamp_invalid: "The timestamp is missing or cannot be read.",
  timestamp_in_future: "The timestamp lies further after the event's receipt than the tolerance allows.",
  event_too_large: "The event is larger than 32 KB as JSON.",
  event_invalid:
    "The event is not a JSON object (or is a line of NDJSON that is not JSON) or is nested too deep, its id or visitor id is not 1 to 128 printable characters, or its context is not a JSON object.",
  schema_violation: "The payload does not fit the schema of its event type.",
  unplanned_event: "The event's type is not registered, and unregistered types are refused.",
  id_conflict: "Another event of the session has this id and timestamp, and other content.",
  delivery_failed: "The event could not be processed, however often it was tried.",
} as const satisfies Record<string, string>;

export type EventCode = keyof typeof EVENT_CODES;

export const EVENT_CODE_NAMES = Object.keys(EVENT_CODES) as [EventCode, ...EventCode[]];

/** One thing that is wrong with an event. `path` is a JSON pointer (RFC 6901) into the event; "" is the event itself. */
export interface Issue {
  code: EventCode;
  path: string;
  message: string;
}

/** What is wrong with an event whose identity another event of its session has. It does not tell whose that one is. */
export const ID_CONFLICT: Issue = {
  code: "id_conflict",
  path: "/id",
  message: "expected an id of its own, found that of another event of the session at the same moment",
};
