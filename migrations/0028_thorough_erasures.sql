-- 1: the erasure is done only when no copies may remain in the pages of partitions; see src/compaction/erasure/await-copies.ts.
ALTER TABLE erasures ADD COLUMN thorough INTEGER NOT NULL DEFAULT 0;
