/** What a schema may be. It is compiled once in each isolate, and applied to every event of its type. */

/** Bytes of a schema as JSON. */
export const MAX_SCHEMA_BYTES = 16_384;

/** Levels of subschemas within each other. */
export const MAX_SCHEMA_DEPTH = 20;

/** Subschemas in one schema. */
export const MAX_SUBSCHEMAS = 500;

/** Characters of a pattern. */
export const MAX_PATTERN_CHARACTERS = 200;

/** The longest text that a pattern may meet, in characters: a whole event. */
export const LONGEST_TEXT = 32_768;

/** Steps that one pattern may take with such a text. Some 60 for each character: what is linear passes, a square does not. */
export const MAX_PATTERN_STEPS = 2_000_000;

/** Steps of all patterns of a schema together. */
export const MAX_PATTERNS_STEPS = 20_000_000;

/**
 * Work that one event may cause, in visits of subschemas, each weighing more the longer its own keywords are. An array of
 * 16,000 numbers needs as many visits.
 */
export const MAX_VALIDATION_WORK = 50_000;

/** Items of any array in a payload whose schema asks for `uniqueItems`: they are compared each with each. */
export const MAX_UNIQUE_ITEMS = 1_000;

/** Compiled schemas that an isolate keeps, the least recently used going first: some 10 KB each. */
export const MAX_COMPILED_SCHEMAS = 500;

/** Issues of one event that come from its schema. */
export const MAX_SCHEMA_ISSUES = 20;

/** Characters of an issue's path. What lies deeper is told at the last place above it that fits. */
export const MAX_PATH_CHARACTERS = 256;

/** Characters of an issue's message, and of a value that it tells. */
export const MAX_MESSAGE_CHARACTERS = 200;
export const MAX_VALUE_CHARACTERS = 40;
