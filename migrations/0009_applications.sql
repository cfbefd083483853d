-- The registry of applications and keys, in the first database. KV, which the edge reads, is published from it: see
-- src/storage/admin/published-keys.ts.
CREATE TABLE applications (
  name TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  origins TEXT                   -- JSON: from where its next write key may send; null: from anywhere
) STRICT, WITHOUT ROWID;

CREATE TABLE application_keys (
  sequence INTEGER PRIMARY KEY,  -- the order in which they were made
  id TEXT NOT NULL,              -- names the key in administration
  application TEXT NOT NULL,
  scope TEXT NOT NULL,           -- write, read or admin
  hash TEXT NOT NULL,            -- SHA-256 of the key in hex; the key itself is stored nowhere
  hint TEXT NOT NULL,            -- its last four characters
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  origins TEXT,                  -- of a write key, as above
  applications TEXT,             -- of a read key, JSON: the applications that it reads, sorted; null: all
  revision INTEGER NOT NULL      -- grows with each change; KV's entry carries the one that it was made of
) STRICT;

CREATE UNIQUE INDEX application_keys_by_id ON application_keys (id);
CREATE UNIQUE INDEX application_keys_by_hash ON application_keys (hash);
CREATE INDEX application_keys_by_application ON application_keys (application, scope);
