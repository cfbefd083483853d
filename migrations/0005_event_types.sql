-- Event types, in the first database: each version as it was registered. Rows are never changed: a change is a new
-- version, the newest counts, and a removal is one with registered = 0.
CREATE TABLE event_types (
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,      -- from 1
  registered INTEGER NOT NULL,   -- 0: removed by this version
  description TEXT,
  owner TEXT,
  mode TEXT NOT NULL,            -- 'accept', or 'reject': the type is retired
  schema TEXT,                   -- JSON Schema (draft 2020-12) for the payload; null: any payload
  schema_mode TEXT NOT NULL,     -- 'enforce' or 'shadow'
  changed_at INTEGER NOT NULL,   -- microseconds since 1970
  PRIMARY KEY (category, name, version)
) STRICT, WITHOUT ROWID;

-- Settings of the deployment, in the first database. rules_revision grows with each change of a type or a setting.
CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
