-- Replays and their progress; used in the first database. A step is planned (which errors), carried out, and
-- counted, each by a conditional update, so that a step delivered twice counts once.
CREATE TABLE replays (
  id TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  updated_at INTEGER NOT NULL,
  status TEXT NOT NULL,          -- running, done or cancelled
  application TEXT,              -- of the filter; null for any, or for ids. Decides which limited keys may see the replay
  selection TEXT NOT NULL,       -- JSON: {filter} or {ids}
  repair TEXT,                   -- JSON: the operations; null for none
  step INTEGER NOT NULL,         -- the number of counted steps
  cursor TEXT,                   -- JSON: where the next step starts; null at the beginning
  plan TEXT,                     -- JSON: the errors of the current step, and where the next one starts. A cancelled
                                 -- replay has one as long as its last step may be running
  matched INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  failing INTEGER NOT NULL,
  skipped INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX replays_by_creation ON replays (created_at);
CREATE INDEX replays_by_application ON replays (application, created_at);
