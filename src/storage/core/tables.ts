/**
 * The tables of every database, as Drizzle sees them. The migrations are the tables' source, since Drizzle cannot
 * express STRICT and WITHOUT ROWID; a test holds this description against the migrated database. What each column
 * means is written in the migrations. Tables of partitions are made at run time: see partitions/partition-tables.ts.
 */

export * from "./tables/alerts";
export * from "./tables/applications";
export * from "./tables/archive";
export * from "./tables/counts";
export * from "./tables/erasures";
export * from "./tables/errors";
export * from "./tables/partitions";
export * from "./tables/questions";
export * from "./tables/rules";
