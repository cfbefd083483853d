-- Rules for events, in the first database. They come into force at a stated time, so that an event is validated by the rules in
-- force at its receipt, whenever it is processed. Every change of the rules (a version of an event type, a removal, settings)
-- comes into force later than all changes before it, so the rules in force at a given time never change afterwards.

-- Each version of an event type as it was registered. Rows never change: a change is a new version, and a removal is a version
-- with registered = 0.
CREATE TABLE event_types (
  category TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,      -- from 1
  registered INTEGER NOT NULL,   -- 0 if this version removed it
  description TEXT,
  owner TEXT,
  mode TEXT NOT NULL,            -- 'accept', or 'reject': the type is retired
  schema TEXT,                   -- JSON Schema (draft 2020-12) for the payload; null allows any payload
  schema_mode TEXT NOT NULL,     -- 'enforce' or 'shadow'
  changed_at INTEGER NOT NULL,   -- microseconds since 1970
  in_force_at INTEGER NOT NULL,  -- microseconds since 1970; until the next version's
  PRIMARY KEY (category, name, version)
) STRICT, WITHOUT ROWID;

-- Consumers check for new changes at least every 30 s.
CREATE INDEX event_types_by_force ON event_types (in_force_at);

-- The settings of the deployment that are rules, each version as it was set.
CREATE TABLE rule_settings (
  in_force_at INTEGER NOT NULL PRIMARY KEY,  -- microseconds since 1970; until the next row's
  unregistered TEXT NOT NULL,                -- events of unregistered types: 'accept' or 'reject'
  changed_at INTEGER NOT NULL                -- microseconds since 1970
) STRICT, WITHOUT ROWID;
