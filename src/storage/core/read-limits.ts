/** What one page may cost, whatever the query. All limits are here because the API descriptions state them too. */

/** Events of a session, or errors, that one page examines if its index does not cover all filters. */
export const MAX_ROWS_EXAMINED = 5_000;

/** Events that one page examines in each database for a filter that only the counts can guide. */
export const MAX_MINUTE_BUCKET_ROWS = 24_000;

/**
 * Minutes, or hours with few events, that one page reads in each database to find such events, counted once for each of their
 * dimension keys.
 */
export const MAX_GUIDING_COUNTS = 20_000;

/** Events that a list of sessions examines for each session of a page: a session mostly has several events. */
export const EVENTS_EXAMINED_PER_SESSION = 18;

/** The factor by which a page of sessions may exceed that before it ends early. */
export const MAX_SESSION_ROUNDS = 6;

/** Rows that a list of sessions reads to measure sessions before it ends the page early. */
export const MAX_SESSION_LIST_ROWS = 200_000;

/** Reads of R2 that a list of sessions makes to look up and measure sessions in the archive. */
export const MAX_SESSION_COLD_READS = 200;

/** Events of one session that its summary counts, in an index alone. */
export const MAX_EVENTS_COUNTED = 10_000;

/** Contents in one page, in characters: a Worker has 128 MB, and holds a page as text, as objects and as text again. */
export const MAX_PAGE_CONTENT = 4_000_000;

/**
 * Contents up to this many characters are read with their row. Longer ones are read once the page is known to hold
 * them.
 */
export const MAX_CONTENT_WITH_ROW = 4_096;

/** Characters of contents that are read with the rows of a page, from all databases and partitions together. */
export const MAX_CONTENT_WITH_ROWS = 12_000_000;

/** Buckets in one response with counts. */
export const MAX_STATS_BUCKETS = 1_500;

/** Aggregate rows (buckets times groups) in one response with numbers. */
export const MAX_STATS_AGGREGATES = 10_000;

/**
 * Aggregate rows kept while counts are summed, about 50 bytes each. Beyond that, counts are read again for the shown
 * groups alone.
 */
export const MAX_COUNTED_AGGREGATES = 100_000;

/** Rows of counts that a response reads, in each database and for each 256 dimension keys. */
export const MAX_COUNT_ROWS = 50_000;

/** Events that a response computed from the events themselves examines: slightly more than an hour at 100 a second. */
export const MAX_LIVE_EVENTS = 400_000;

/**
 * Events from which sessions are assembled at once: as many as a question about sequences reads. Each session takes
 * about 300 bytes.
 */
export const MAX_SESSION_EVENTS = 300_000;

/** Groups that are measured separately while events are read, about 500 bytes each. */
export const MAX_GROUPS_MEASURED = 50_000;

/**
 * Groups of events that are compared to find the largest, if a response with counts cannot hold all. About 500 bytes
 * each.
 */
export const MAX_GROUPS_TALLIED = 10_000;

/** Dimension keys that an isolate caches of each database, about 200 bytes each. */
export const MAX_SERIES_REMEMBERED = 10_000;

/**
 * Aggregate rows of failures that a summary fetches from each database to sum them itself, in bytes of JSON. D1
 * limits a text to 2 MB; this is about 15,000 aggregate rows. Beyond that, the database sums them.
 */
export const MAX_SUMMARY_AGGREGATE_BYTES = 1_500_000;

/**
 * Groups (application, event type, code and path) that a summary of failures reads from each database, most frequent
 * first.
 */
export const MAX_SUMMARY_GROUPS = 1_000;

/** Values in a group's time series. */
export const MAX_SUMMARY_STEPS = 48;

/** Event types with failures in the requested days that a list of event types reads in each database. */
export const MAX_FAILING_TYPES = 10_000;

/** Windows of 15 minutes of one session that a receipt searches for an event: 225 seeks each. */
export const MAX_RECEIPT_WINDOWS = 1_000;

/** Paths that are shown for a schema in report-only mode. */
export const MAX_REPORT_ONLY_PATHS = 100;

/** Days in the range of a summary: ten years. */
export const MAX_SUMMARY_DAYS = 3_660;

/** Pages of a thousand events that the summary of a session reads if the archive holds part of it. */
export const MAX_SESSION_PAGES = 3;
