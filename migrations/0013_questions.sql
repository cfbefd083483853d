-- Saved questions, each version as it was saved; used in the first database. Rows never change: saving makes a new version, and
-- removing makes one without a question.
CREATE TABLE questions (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,      -- from 1
  kind TEXT NOT NULL,            -- which operation answers it; see src/model/questions/saved-question.ts
  question TEXT,                 -- JSON: the operation's body or parameters; null if this version removed the question
  description TEXT,
  saved_at INTEGER NOT NULL,     -- microseconds since 1970
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
