-- Exact counts by series, kept in the transaction that writes the events: a row for each bucket and page of series. A
-- row holds the series of one page, so that it stays below some 4 KB. Minutes lie with their partition.
CREATE TABLE counts (
  seconds INTEGER NOT NULL,    -- width of the bucket: 3600 or 86400
  page INTEGER NOT NULL,       -- series_id / 256
  bucket INTEGER NOT NULL,     -- start of the bucket, in seconds since 1970
  events INTEGER NOT NULL,     -- of all series of the page
  by_series TEXT NOT NULL,     -- JSON object: events by series_id
  PRIMARY KEY (seconds, page, bucket)
) STRICT, WITHOUT ROWID;

-- In which hours a series has events: where to look for those that no index covers, and when a type was first and last
-- seen. Written by a series' first event in an hour alone.
CREATE TABLE series_hours (
  series_id INTEGER NOT NULL,
  hour INTEGER NOT NULL,       -- its start, in seconds since 1970
  PRIMARY KEY (series_id, hour)
) STRICT, WITHOUT ROWID;
