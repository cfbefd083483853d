-- Properties of payloads that are counted ahead, as event types declare them; used in the first database. A change of kind or
-- template makes a new row, so that counts of the old one are never read for the new.
CREATE TABLE properties (
  property_id INTEGER PRIMARY KEY AUTOINCREMENT,
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,            -- keys joined by dots
  kind TEXT NOT NULL,            -- 'text' or 'number'
  template TEXT,                 -- '/p/:id': values that match it count as one
  declared_at INTEGER NOT NULL,  -- microseconds since 1970
  UNIQUE (category, name, path)
) STRICT;

-- Values of a property in the events of a series, by hour and by day. Made from the events once an hour has closed, and made
-- anew when more of its events come.
CREATE TABLE property_counts (
  property_id INTEGER NOT NULL,
  series_id INTEGER NOT NULL,
  seconds INTEGER NOT NULL,      -- width of the bucket: 3600 or 86400
  bucket INTEGER NOT NULL,       -- its start, in seconds since 1970
  counted INTEGER NOT NULL,      -- what `counts` said of the series before its events were read: more now means more events
  held TEXT NOT NULL,            -- JSON: src/storage/properties/value-counts.ts
  PRIMARY KEY (property_id, series_id, seconds, bucket)
) STRICT, WITHOUT ROWID;

-- How far the hours of a database have been looked through for such counts, from the newest to the oldest and again.
CREATE TABLE property_sweep (
  id INTEGER PRIMARY KEY,
  hour INTEGER NOT NULL,         -- those from here on are done; seconds since 1970
  started_at INTEGER NOT NULL    -- microseconds since 1970
) STRICT;
