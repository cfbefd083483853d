-- Replays and how far each has come; used in the first database. A step is planned (which errors), carried out, and
-- counted, each by a conditional update, so that a step that is delivered twice counts once.
CREATE TABLE replays (
  id TEXT NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,   -- microseconds since 1970
  updated_at INTEGER NOT NULL,
  status TEXT NOT NULL,          -- running, done or cancelled
  application TEXT,              -- of the filter; null: any, or ids. What a key that is bound to applications may see
  selection TEXT NOT NULL,       -- JSON: {filter} or {ids}
  repair TEXT,                   -- JSON: the operations; null: none
  step INTEGER NOT NULL,         -- steps that are counted
  cursor TEXT,                   -- JSON: where the next step begins; null: at the start
  plan TEXT,                     -- JSON: the errors of the step under way, and where the one after it begins. A cancelled
                                 -- replay has one as long as its last step may be under way
  matched INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  failing INTEGER NOT NULL,
  skipped INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX replays_by_creation ON replays (created_at);
CREATE INDEX replays_by_application ON replays (application, created_at);
