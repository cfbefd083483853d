-- Exact counts by dimension key, updated in the transaction that writes the events: a row for each bucket and page of keys. A
-- row holds the keys of one page, so that it stays below about 4 KB. Minutes are in the tables of their partition.
CREATE TABLE counts (
  seconds INTEGER NOT NULL,    -- width of the bucket: 3600 or 86400
  page INTEGER NOT NULL,       -- series_id / 256
  bucket INTEGER NOT NULL,     -- start of the bucket, in seconds since 1970
  events INTEGER NOT NULL,     -- of all dimension keys of the page
  by_series TEXT NOT NULL,     -- JSON object: events by series_id
  PRIMARY KEY (seconds, page, bucket)
) STRICT, WITHOUT ROWID;

-- The hours in which a dimension key has events. Queries that no index covers use it, and so does the first and last time of a
-- type. Written only by a key's first event in an hour.
CREATE TABLE series_hours (
  series_id INTEGER NOT NULL,
  hour INTEGER NOT NULL,       -- its start, in seconds since 1970
  PRIMARY KEY (series_id, hour)
) STRICT, WITHOUT ROWID;
