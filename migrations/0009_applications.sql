-- The registry of applications and keys, in the first database. It is published to KV, which the edge reads: see
-- src/storage/keys/published-keys.ts.
CREATE TABLE applications (
  name TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  origins TEXT                   -- JSON: the origins of its next write key; null allows any origin
) STRICT, WITHOUT ROWID;

CREATE TABLE application_keys (
  sequence INTEGER PRIMARY KEY,  -- the order of creation
  id TEXT NOT NULL,              -- identifies the key in administration
  application TEXT NOT NULL,
  scope TEXT NOT NULL,           -- write, read or admin
  hash TEXT NOT NULL,            -- SHA-256 of the key in hex; the key itself is not stored
  hint TEXT NOT NULL,            -- its last four characters
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  origins TEXT,                  -- for a write key, as above
  applications TEXT,             -- for a read key, JSON: the applications that it can read, sorted; null for all
  revision INTEGER NOT NULL      -- increases with each change; KV's entry has the revision that it was made from
) STRICT;

CREATE UNIQUE INDEX application_keys_by_id ON application_keys (id);
CREATE UNIQUE INDEX application_keys_by_hash ON application_keys (hash);
CREATE INDEX application_keys_by_application ON application_keys (application, scope);
