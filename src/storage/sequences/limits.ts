/** What a question about sequences may cost. In one place, since the API's descriptions state them too. */

/** Events up to which a question is answered at once, exactly. Beyond that a fast answer reads a sample of about as many. */
export const MAX_EVENTS_AT_ONCE = 300_000;

/** Rows that an answer at once may read: events, and a seek for each slot. */
export const MAX_ROWS_AT_ONCE = 1_000_000;

/** Events that one step of a job is expected to read of its sessions. */
export const EVENTS_PER_STEP = 300_000;

/** Rows that a step of a job may read. Per visitor each step reads all events of the range. */
export const MAX_ROWS_PER_STEP = 10_000_000;

/** Rows that a job may read: $1. */
export const MAX_ROWS_PER_JOB = 1_000_000_000;

/** Different properties that one question looks at. */
export const MAX_QUESTION_PATHS = 8;
