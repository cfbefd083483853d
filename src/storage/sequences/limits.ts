/** What a query about sequences may cost. All limits are here because the API descriptions state them too. */

/**
 * The most events for which a query is answered at once and exactly. Beyond that, a fast answer reads a sample of
 * about as many.
 */
export const MAX_EVENTS_AT_ONCE = 300_000;

/** The rows that an immediate answer may read: events, and a seek for each slot. */
export const MAX_ROWS_AT_ONCE = 1_000_000;

/** The expected number of events that one step of a job reads from its sessions. */
export const EVENTS_PER_STEP = 300_000;

/** The rows that a step of a job may read. Per visitor, each step reads all events of the range. */
export const MAX_ROWS_PER_STEP = 10_000_000;

/** The rows that a job may read: $1. */
export const MAX_ROWS_PER_JOB = 1_000_000_000;

/** Distinct properties that one query uses. */
export const MAX_QUESTION_PATHS = 8;
