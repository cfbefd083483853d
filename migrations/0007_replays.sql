-- What became of an error. The columns stay null until somebody replays it.
ALTER TABLE errors ADD COLUMN resolved_at INTEGER;        -- microseconds since 1970; null: open
ALTER TABLE errors ADD COLUMN resolved_session TEXT;      -- with the sequence: the event that it became
ALTER TABLE errors ADD COLUMN resolved_sequence INTEGER;
ALTER TABLE errors ADD COLUMN replayed_at INTEGER;        -- microseconds since 1970; when a replay judged it last
ALTER TABLE errors ADD COLUMN replay_id TEXT;             -- that replay
ALTER TABLE errors ADD COLUMN claimed_by TEXT;            -- the replay that has it in hand: one at a time, or two repairs
                                                          -- could make two events of it, in two sessions

CREATE INDEX errors_open ON errors (received_at) WHERE resolved_at IS NULL;
CREATE INDEX errors_resolved ON errors (received_at) WHERE resolved_at IS NOT NULL;

-- Replays and how far each has come; used in the first database. A step is planned (which errors), carried out, and
-- counted, each by a conditional update, so that a step that is delivered twice counts once.
CREATE TABLE replays (
  id TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  updated_at INTEGER NOT NULL,
  status TEXT NOT NULL,          -- running or done
  selection TEXT NOT NULL,       -- JSON: {filter} or {ids}
  repair TEXT,                   -- JSON: the operations; null: none
  step INTEGER NOT NULL,         -- steps that are counted
  cursor TEXT,                   -- JSON: where the next step begins; null: at the start
  plan TEXT,                     -- JSON: the errors of the step under way, and where the one after it begins
  matched INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  failing INTEGER NOT NULL,
  skipped INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX replays_by_creation ON replays (created_at);
