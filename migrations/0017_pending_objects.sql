-- Objects of the archive that are being stored, in the first database: noted before, and removed in the transaction that adds the
-- file to the manifest. What a crash leaves behind is found here and deleted.
CREATE TABLE pending_objects (
  object_key TEXT NOT NULL PRIMARY KEY,
  file_id INTEGER NOT NULL,
  database INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  index_level INTEGER NOT NULL,
  noted_at INTEGER NOT NULL,      -- microseconds since 1970
  -- 1: it is being deleted, and whoever stored it must store it anew. An insert with 2 fails, and its transaction with it.
  doomed INTEGER NOT NULL CONSTRAINT object_is_noted CHECK (doomed IN (0, 1))
) STRICT, WITHOUT ROWID;
