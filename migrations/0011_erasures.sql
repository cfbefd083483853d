-- Erasures, with their progress, as the audit shows them. Used in the first database.
CREATE TABLE erasures (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,             -- session, visitor or error
  subject TEXT,                   -- what is erased; overwritten and NULL once the erasure is done
  before_at INTEGER NOT NULL,     -- microseconds since 1970: everything received before is erased
  requested_by TEXT,              -- the application of the admin key, if it has one
  updated_at INTEGER NOT NULL,
  status TEXT NOT NULL,           -- running or done
  step INTEGER NOT NULL,          -- the number of counted steps
  state TEXT,                     -- JSON: where the next step starts; NULL at the beginning
  sessions INTEGER NOT NULL,
  events INTEGER NOT NULL,
  errors INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX erasures_by_request ON erasures (before_at, id);
CREATE INDEX erasures_running ON erasures (updated_at) WHERE status = 'running';

-- The erased subjects, as salted hashes, for everything that writes events: what was received before must not be stored again.
-- Used in the first database.
CREATE TABLE tombstones (
  hash TEXT NOT NULL PRIMARY KEY, -- 128 bits of SHA-256 of the salt, the kind and the id
  before_at INTEGER NOT NULL,
  erasure_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Normally one. Several after a restore from before the first erasure.
CREATE TABLE erasure_salts (
  salt TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- 'erasures' increases with each tombstone. Each database has its own copy, raised before anything is erased there: a transaction
-- whose writer knows a lower value fails. 'erased_before' is the latest time of a tombstone; later receipts need no check.
INSERT INTO revisions (name, revision) VALUES ('erasures', 0), ('erased_before', 0);

-- Never holds a row: an insert violates its named constraint, which fails the transaction.
CREATE TABLE erasure_fence (
  known INTEGER NOT NULL CONSTRAINT erasures_are_known CHECK (known = 1)
) STRICT;

-- Errors that a replay resolved into a session, so that they are erased with it.
CREATE INDEX errors_by_resolved_session ON errors (resolved_session) WHERE resolved_session IS NOT NULL;
