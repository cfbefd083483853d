/**
 * Every limit of The Eye, each with its unit in its name and the platform limit that it respects.
 * Sources: Cloudflare's documentation of Queues, D1, Durable Objects and Workers (November 2026).
 */

/** A request's body after decompression. The largest batch that common SDKs send is 500 KB. */
export const MAX_BODY_BYTES = 1_000_000;

/** Events in one request. */
export const MAX_EVENTS_PER_REQUEST = 500;

/** One event, as UTF-8 JSON. Same bound as Segment's. */
export const MAX_EVENT_BYTES = 32_768;

/**
 * Levels of arrays and objects in one event. Structured clones overflow at some 4,000 (measured in workerd), and SQLite's
 * JSON functions refuse more than 1,000.
 */
export const MAX_NESTING_LEVELS = 64;

/** Characters (UTF-16 units) in a session id and in an event id. */
export const MAX_ID_CHARACTERS = 128;

/** Characters (UTF-16 units) in a category, a name and an application's name. */
export const MAX_NAME_CHARACTERS = 64;

/** Characters in an `Idempotency-Key` header. */
export const MAX_IDEMPOTENCY_KEY_CHARACTERS = 255;

/** How far an event may lie after its receipt, unless FUTURE_TOLERANCE_SECONDS says otherwise. */
export const DEFAULT_FUTURE_TOLERANCE_SECONDS = 60;

/** From sealing a partition until it is copied, unless GRACE_SECONDS says otherwise: readers that began before are done. */
export const DEFAULT_GRACE_SECONDS = 300;

/** A queue message. The platform takes 128,000 bytes, about 100 of them its own metadata. */
export const MAX_MESSAGE_BYTES = 120_000;

/**
 * Messages that are parsed at a time, in characters of their text. JSON such as `[{},{},…]` grows some twentyfold when it is
 * parsed, and twice where a session's object parses it too: 40 MB of the 128 MB that an isolate has.
 */
export const MAX_SLICE_CHARACTERS = 1_000_000;

/**
 * How long a queue keeps a message: the platform's longest, 14 days. Its default is 4. wrangler.toml has no setting for it, so each
 * deployment sets it (scripts/deploy/plan.ts). With RENEW_AFTER_SECONDS of the pipeline it decides how long a database may be away.
 */
export const QUEUE_RETENTION_SECONDS = 1_209_600;

/** Messages in one `sendBatch`: the platform's limit. */
export const MAX_MESSAGES_PER_SEND = 100;

/** Bytes in one `sendBatch`. The platform takes 256,000, metadata included. */
export const MAX_SEND_BYTES = 240_000;

/**
 * Different sessions in one message. A consumer batch holds at most 100 messages and calls the object of each session: 9,000
 * calls, where an invocation may make 10,000 subrequests.
 */
export const MAX_SESSIONS_PER_MESSAGE = 90;

/** A bound JSON parameter. D1 refuses strings over 2,000,000 bytes in production; the local platform does not. */
export const MAX_STATEMENT_BYTES = 900_000;

/** A piece of an event too large for one message. Four times smaller than a message: JSON escapes may double it. */
export const MAX_PART_CHARACTERS = 25_000;

/** Events returned by one page, and how many when the request does not say. */
export const MAX_PAGE_SIZE = 1_000;
export const DEFAULT_PAGE_SIZE = 100;

/** Registered event types, and bytes of their schemas together: isolates of the pipeline hold several such books in memory. */
export const MAX_EVENT_TYPES = 1_000;
export const MAX_RULE_BOOK_BYTES = 2_000_000;

/** Series whose counts share a row of the database, which takes 1 to 5 KB when all of them have events. */
export const SERIES_PER_PAGE = 256;
