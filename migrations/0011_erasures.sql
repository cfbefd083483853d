-- Erasures: what is asked for and how far it has come, as the audit shows it. Used in the first database.
CREATE TABLE erasures (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,             -- session, visitor or error
  subject TEXT,                   -- what is erased; overwritten and NULL once it is done
  before_at INTEGER NOT NULL,     -- microseconds since 1970: what was received before it is erased
  requested_by TEXT,              -- the application of the admin key, if it has one
  updated_at INTEGER NOT NULL,
  status TEXT NOT NULL,           -- running or done
  step INTEGER NOT NULL,          -- steps that are counted
  state TEXT,                     -- JSON: where the next step begins; NULL: at the start
  sessions INTEGER NOT NULL,
  events INTEGER NOT NULL,
  errors INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX erasures_by_request ON erasures (before_at, id);
CREATE INDEX erasures_running ON erasures (updated_at) WHERE status = 'running';

-- What was erased, as salted hashes, for whoever writes events: what was received before must not come back. Used in the first
-- database.
CREATE TABLE tombstones (
  hash TEXT NOT NULL PRIMARY KEY, -- 128 bits of SHA-256 of the salt, the kind and the id
  before_at INTEGER NOT NULL,
  erasure_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Normally one. Several after a restore from before the first erasure.
CREATE TABLE erasure_salts (
  salt TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- 'erasures' grows with each tombstone. Each database has its own, raised before anything is erased there: a transaction whose
-- writer knows less fails. 'erased_before' is the latest moment of a tombstone; nothing received later needs a look at them.
INSERT INTO revisions (name, revision) VALUES ('erasures', 0), ('erased_before', 0);

-- Never holds a row: an insert fails by its constraint's name, and the transaction with it.
CREATE TABLE erasure_fence (
  known INTEGER NOT NULL CONSTRAINT erasures_are_known CHECK (known = 1)
) STRICT;

-- Errors that a replay resolved into a session, to erase them with it.
CREATE INDEX errors_by_resolved_session ON errors (resolved_session) WHERE resolved_session IS NOT NULL;

-- Objects of the archive whose files were written anew without what was erased: to be deleted.
CREATE TABLE erased_objects (
  object_key TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
