-- The manifest of the archive, used in the first database: one row for each Parquet file in R2. A file is read for events
-- once its partition is `archived` or `dropped`.
CREATE TABLE archive_files (
  file_id INTEGER PRIMARY KEY,      -- 48 bits of the SHA-256 of its bytes
  kind TEXT NOT NULL,               -- events or errors
  object_key TEXT NOT NULL,         -- the object's name in R2
  partition_id INTEGER NOT NULL,    -- the partition of its events; 0 for errors
  database INTEGER NOT NULL,
  hour INTEGER NOT NULL,            -- start of its UTC hour in seconds since 1970: by timestamp for events, by receipt for errors
  generation INTEGER NOT NULL,      -- 0 if from the main lane; higher for late events and rewritten files
  first_us INTEGER NOT NULL,        -- first and last timestamp in it, microseconds since 1970
  last_us INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  footer_bytes INTEGER NOT NULL,
  index_level INTEGER NOT NULL,     -- it has 2^level buckets in archive_index
  finished INTEGER NOT NULL,         -- 0 while its rows may still be in a late lane
  created_at INTEGER NOT NULL       -- microseconds since 1970
) STRICT;

CREATE INDEX archive_files_by_hour ON archive_files (kind, hour, partition_id);
CREATE INDEX archive_files_by_partition ON archive_files (partition_id, database, generation);

-- The copy progress of each sealed partition, used in the first database: a row for each of its databases.
CREATE TABLE compactions (
  partition_id INTEGER NOT NULL,
  database INTEGER NOT NULL,
  started_at INTEGER NOT NULL,      -- microseconds since 1970; the grace period starts here
  copied TEXT,                      -- JSON [slot, sample_key, packed session, occurred_at, tie] of the last copied row; null before the first
  rows INTEGER NOT NULL,            -- copied so far
  done INTEGER NOT NULL,            -- 1 if all rows are copied
  failure TEXT,                     -- why it cannot continue, as text
  PRIMARY KEY (partition_id, database)
) STRICT, WITHOUT ROWID;

-- The files that hold a session or a visitor, in the database of their events. See src/storage/archive/file/session-index.ts.
CREATE TABLE archive_index (
  bucket INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  entries BLOB NOT NULL,            -- 7 bytes each: 5 of a hash, first and last row group
  PRIMARY KEY (bucket, hour, file_id)
) STRICT, WITHOUT ROWID;

-- Files of late events whose rows have been counted and removed from the late lane, in the database of the events: the row
-- and the counts are written in one transaction, so nothing is counted twice.
CREATE TABLE archive_finished (file_id INTEGER PRIMARY KEY) STRICT;

-- The settings of storage, in the first database: at most one row.
CREATE TABLE storage_settings (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  settings TEXT NOT NULL,           -- JSON: src/storage/admin/storage-settings.ts
  changed_at INTEGER NOT NULL       -- microseconds since 1970
) STRICT;

-- What retention has deleted, newest last, in the first database.
CREATE TABLE retention_log (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,              -- microseconds since 1970
  kind TEXT NOT NULL,               -- events or errors
  what TEXT NOT NULL,               -- JSON: the files or the partition
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

-- Until when a chain of the compactor's runs is assumed to be alive, in the first database.
CREATE TABLE compactor_lease (
  id INTEGER PRIMARY KEY,
  held_until INTEGER NOT NULL       -- microseconds since 1970
) STRICT;
