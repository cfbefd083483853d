-- Exact counts of stored events by receipt, in the form of `counts`: what failures, which are counted by receipt, are compared with.
-- Updated in the transaction that writes the events. An event that a replay stored is not counted here: it was received once, and
-- counted among the failures.
CREATE TABLE receipt_counts (
  seconds INTEGER NOT NULL,    -- width of the bucket: 60 (kept for two days), 3600 or 86400
  page INTEGER NOT NULL,       -- series_id / 256
  bucket INTEGER NOT NULL,     -- start of the bucket, in seconds since 1970
  events INTEGER NOT NULL,     -- of all dimension keys of the page
  by_series TEXT NOT NULL,     -- JSON object: events by series_id
  PRIMARY KEY (seconds, page, bucket)
) STRICT, WITHOUT ROWID;

-- For events that were stored before this table, receipt is taken to be at the timestamp.
INSERT INTO receipt_counts (seconds, page, bucket, events, by_series) SELECT seconds, page, bucket, events, by_series FROM counts;
