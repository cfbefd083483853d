/** What one page may cost, whatever is asked. In one place, since the API's descriptions state them too. */

/** Events of a session, or errors, that one page looks at when a filter is left over that its index does not cover. */
export const MAX_ROWS_EXAMINED = 5_000;

/** Events that one page looks at, in each database, for a filter that only the counts can guide. */
export const MAX_MINUTE_BUCKET_ROWS = 30_000;

/** Minutes that one page reads, in each database, to find those that hold such events: each once for each series in it. */
export const MAX_GUIDING_COUNTS = 20_000;

/** Events that a list of sessions looks at for each session of a page: events mostly come several to a session. */
export const EVENTS_EXAMINED_PER_SESSION = 18;

/** How many times as many events a page of sessions may look at before it ends short. */
export const MAX_SESSION_ROUNDS = 6;

/** Events of one session that its summary counts, in an index alone. */
export const MAX_EVENTS_COUNTED = 10_000;

/** Contents in one page, in characters: a Worker has 128 MB, and holds a page as text, as objects and as text again. */
export const MAX_PAGE_CONTENT = 4_000_000;

/** Contents up to this many characters come with their row; longer ones are fetched once the page is known to hold them. */
export const MAX_CONTENT_WITH_ROW = 4_096;

/** Characters of contents that come with the rows of a page, from all databases and partitions together. */
export const MAX_CONTENT_WITH_ROWS = 12_000_000;

/** Buckets in one answer of counts. */
export const MAX_STATS_BUCKETS = 1_500;

/** Cells (buckets times groups) in one answer of numbers. */
export const MAX_STATS_AGGREGATES = 10_000;

/** Cells that are kept while counts are added up, some 50 bytes each. Beyond, they are read once more for the shown groups alone. */
export const MAX_COUNTED_CELLS = 100_000;

/** Rows of counts that an answer reads, in each database and for each 256 series. */
export const MAX_COUNT_ROWS = 50_000;

/** Events that an answer from the events themselves looks at: an hour at 100 a second, and some. */
export const MAX_LIVE_EVENTS = 400_000;

/** Events from which sessions are put together: each session takes some 300 bytes. */
export const MAX_SESSION_EVENTS = 200_000;

/** Groups that are measured by themselves while events are read. Some 500 bytes each. */
export const MAX_GROUPS_MEASURED = 50_000;

/** Groups of events that are compared to find the largest, where an answer of counts cannot hold all. Some 500 bytes each. */
export const MAX_GROUPS_TALLIED = 10_000;

/** Series that an isolate remembers of each database, about 200 bytes each. */
export const MAX_SERIES_REMEMBERED = 10_000;

/**
 * Cells of failures that a summary fetches from each database to sum them up itself, in bytes of JSON: one text in D1 holds
 * 2 MB, and these are some 15,000 aggregate rows. Beyond that the database sums them up.
 */
export const MAX_SUMMARY_AGGREGATE_BYTES = 1_500_000;

/** Groups (application, event type, code and path) that a summary of failures reads from each database, the most frequent first. */
export const MAX_SUMMARY_GROUPS = 1_000;

/** Numbers in a group's line over time. */
export const MAX_SUMMARY_STEPS = 48;

/** Event types that failed in the asked days, which a list of event types reads in each database. */
export const MAX_FAILING_TYPES = 10_000;

/** Windows of 15 minutes of one session that a receipt looks through for an event: 225 seeks each. */
export const MAX_RECEIPT_WINDOWS = 1_000;

/** Places that are shown of a schema in report-only mode. */
export const MAX_REPORT_ONLY_PATHS = 100;

/** Days in the range of a summary: ten years. */
export const MAX_SUMMARY_DAYS = 3_660;

/** Pages of a thousand events that the summary of a session reads where the archive holds a part of it. */
export const MAX_SESSION_PAGES = 3;
