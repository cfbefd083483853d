/**
 * The tables of every database for Drizzle. The migrations define the tables, because Drizzle cannot express STRICT
 * and WITHOUT ROWID; a test compares this description with the migrated database. The migrations explain each
 * column. Tables of partitions are created at run time: see partitions/partition-tables.ts.
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
