-- The manifest of the archive, used in the first database: one row for each Parquet file in R2. A file is read for events
-- once its partition is `archived` or `dropped`.
CREATE TABLE archive_files (
  file_id INTEGER PRIMARY KEY,      -- 48 bits of the SHA-256 of its bytes
  kind TEXT NOT NULL,               -- events or errors
  object_key TEXT NOT NULL,         -- the object's name in R2
  partition_id INTEGER NOT NULL,    -- whose events it holds; of errors 0
  database INTEGER NOT NULL,
  hour INTEGER NOT NULL,            -- start of its UTC hour in seconds since 1970: of occurrence, for errors of receipt
  generation INTEGER NOT NULL,      -- 0: from the main lane; from 1 on: what came late, or a file that was rewritten
  first_us INTEGER NOT NULL,        -- first and last moment in it, microseconds since 1970
  last_us INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  footer_bytes INTEGER NOT NULL,
  index_level INTEGER NOT NULL,     -- it has 2^level buckets in archive_index
  finished INTEGER NOT NULL,         -- 0: rows of a late lane that it holds are not removed from there yet
  created_at INTEGER NOT NULL       -- microseconds since 1970
) STRICT;

CREATE INDEX archive_files_by_hour ON archive_files (kind, hour, partition_id);
CREATE INDEX archive_files_by_partition ON archive_files (partition_id, database, generation);

-- How far each sealed partition is copied, used in the first database: a row for each of its databases.
CREATE TABLE compactions (
  partition_id INTEGER NOT NULL,
  database INTEGER NOT NULL,
  started_at INTEGER NOT NULL,      -- microseconds since 1970; the grace runs from here
  copied TEXT,                      -- JSON [slot, sample_key, packed session, occurred_at, tie] of the last row copied; null: none yet
  rows INTEGER NOT NULL,            -- copied so far
  done INTEGER NOT NULL,            -- 1: all rows are copied
  failure TEXT,                     -- why it does not go on, in words
  PRIMARY KEY (partition_id, database)
) STRICT, WITHOUT ROWID;

-- Which files hold a session or a visitor, in the database of the files' events. See src/storage/archive/file/session-index.ts.
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

-- The settings of storage, in the first database: one row at most.
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
  what TEXT NOT NULL,               -- JSON: which files or partition
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;

-- Until when a chain of runs of the compactor is taken to be alive, in the first database.
CREATE TABLE compactor_lease (
  id INTEGER PRIMARY KEY,
  held_until INTEGER NOT NULL       -- microseconds since 1970
) STRICT;
