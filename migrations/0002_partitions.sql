-- The partition map, used in the first database. A partition is a range of time. Its tables (src/storage/partitions/
-- partition-tables.ts) are in the databases that share it. Range, databases and slots of a row never change while the partition
-- is open, except that its end may be moved forward to a time that no event has reached yet.
CREATE TABLE partitions (
  partition_id INTEGER PRIMARY KEY,
  from_us INTEGER NOT NULL UNIQUE,  -- [from_us, to_us), microseconds since 1970, multiples of 15 minutes
  to_us INTEGER NOT NULL,
  databases TEXT NOT NULL,          -- JSON: indexes of the databases that share it; sessions are hashed over them
  slot_us INTEGER NOT NULL,         -- width of a slot in microseconds
  state TEXT NOT NULL,              -- open, sealed, archived or dropped
  late INTEGER NOT NULL,            -- 1 if the tables of its late lane exist
  ready INTEGER NOT NULL,           -- 1 if its tables exist in all of its databases
  common TEXT NOT NULL,             -- JSON object: common categories, each with the time of receipt from which its events
                                    -- are not in the index of rare categories; entries are added and never removed
  created_at INTEGER NOT NULL       -- microseconds since 1970
) STRICT;

-- Counters that show whether what a Worker has read is still current; used in the first database.
CREATE TABLE revisions (
  name TEXT NOT NULL PRIMARY KEY,   -- 'partitions'
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO revisions (name, revision) VALUES ('partitions', 0);

-- The offsets of the slots in a window of 15 minutes, for joins: at most 900 slots of one second.
CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT;

INSERT INTO numbers (n)
WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < 899)
SELECT n FROM counted;

-- Written to find out whether a database accepts writes.
CREATE TABLE write_probe (
  id INTEGER PRIMARY KEY,
  probed_at INTEGER NOT NULL        -- milliseconds since 1970
) STRICT;
