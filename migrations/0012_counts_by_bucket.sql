-- The counts of a bucket in one row, however many series it has: a batch adds to one row for each width and bucket, and a
-- line over all series reads one row for each of its places. A row holds the series of one page, so that it stays below
-- some 4 KB.
CREATE TABLE counts_by_bucket (
  seconds INTEGER NOT NULL,    -- width of the bucket: 60, 3600 or 86400
  page INTEGER NOT NULL,       -- series_id / 256
  bucket INTEGER NOT NULL,     -- start of the bucket, in seconds since 1970
  events INTEGER NOT NULL,     -- of all series of the page
  by_series TEXT NOT NULL,     -- JSON object: events by series_id
  PRIMARY KEY (seconds, page, bucket)
) STRICT, WITHOUT ROWID;

INSERT INTO counts_by_bucket
SELECT seconds, series_id / 256 AS page, bucket, sum(events), json_group_object(series_id, events)
FROM counts GROUP BY seconds, page, bucket;

-- In which minutes a series has events: where to look for those that no index covers. Written by a series' first event in
-- a minute alone.
CREATE TABLE series_minutes (
  series_id INTEGER NOT NULL,
  minute INTEGER NOT NULL,     -- its start, in seconds since 1970
  PRIMARY KEY (series_id, minute)
) STRICT, WITHOUT ROWID;

INSERT INTO series_minutes SELECT series_id, bucket FROM counts WHERE seconds = 60;

DROP TABLE counts;
ALTER TABLE counts_by_bucket RENAME TO counts;
