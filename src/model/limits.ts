/**
 * Limits of The Eye, with the unit in each name and the platform limit behind it. Sources: Cloudflare's documentation
 * of Queues, D1, Durable Objects and Workers (November 2026).
 */

/** A request's body after decompression. The largest batch that common SDKs send is 500 KB. */
export const MAX_BODY_BYTES = 1_000_000;

/** Events in one request. */
export const MAX_EVENTS_PER_REQUEST = 500;

/** One event, as UTF-8 JSON. Segment has the same limit. */
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

/** How much later than its receipt an event's timestamp may be, unless FUTURE_TOLERANCE_SECONDS is set. */
export const DEFAULT_FUTURE_TOLERANCE_SECONDS = 60;

/**
 * From sealing a partition until it may be copied, unless GRACE_SECONDS is set. Readers that began before have then
 * ended.
 */
export const DEFAULT_GRACE_SECONDS = 300;

/** A queue message. The platform's limit is 128,000 bytes, of which about 100 are its own metadata. */
export const MAX_MESSAGE_BYTES = 120_000;

/**
 * Characters of message text that are parsed at a time. JSON such as `[{},{},…]` grows about twentyfold when it is
 * parsed, and twice that if a session's object parses it too: 40 MB of the 128 MB that an isolate has.
 */
export const MAX_SLICE_CHARACTERS = 1_000_000;

/**
 * How long a queue keeps a message: the platform's maximum, 14 days; its default is 4. wrangler.toml has no setting for
 * it, so each deployment sets it (scripts/deploy/plan.ts). Together with RENEW_AFTER_SECONDS of the pipeline it
 * determines how long a database may be unavailable.
 */
export const QUEUE_RETENTION_SECONDS = 1_209_600;

/** Messages in one `sendBatch`: the platform's limit. */
export const MAX_MESSAGES_PER_SEND = 100;

/** Bytes in one `sendBatch`. The platform's limit is 256,000, including metadata. */
export const MAX_SEND_BYTES = 240_000;

/**
 * Different sessions in one message. A consumer batch has at most 100 messages and calls the object of each session:
 * 9,000 calls, within the 10,000 subrequests of an invocation.
 */
export const MAX_SESSIONS_PER_MESSAGE = 90;

/** A bound JSON parameter. D1 refuses strings over 2,000,000 bytes in production; the local platform does not. */
export const MAX_STATEMENT_BYTES = 900_000;

/** A piece of an event too large for one message, far smaller than a message since JSON escapes can double it. */
export const MAX_PART_CHARACTERS = 25_000;

/** Events on one page, and the default. */
export const MAX_PAGE_SIZE = 1_000;
export const DEFAULT_PAGE_SIZE = 100;

/**
 * Registered event types, and the total bytes of their schemas: isolates of the pipeline hold several rule books in
 * memory.
 */
export const MAX_EVENT_TYPES = 1_000;
export const MAX_RULE_BOOK_BYTES = 2_000_000;

/** Dimension keys whose counts share a row of the database. The row takes 1 to 5 KB when all of them have events. */
export const SERIES_PER_PAGE = 256;
