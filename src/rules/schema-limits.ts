/** Limits of a schema. It is compiled once in each isolate and applied to every event of its type. */

/** Bytes of a schema as JSON. */
export const MAX_SCHEMA_BYTES = 16_384;

/** Levels of nested subschemas. */
export const MAX_SCHEMA_DEPTH = 20;

/** Subschemas in one schema. */
export const MAX_SUBSCHEMAS = 500;

/** Characters of a pattern. */
export const MAX_PATTERN_CHARACTERS = 200;

/** The longest text that a pattern may be applied to, in characters: a whole event. */
export const LONGEST_TEXT = 32_768;

/**
 * Steps that one pattern may take with such a text: about 60 for each character, so linear patterns pass and quadratic
 * ones do not.
 */
export const MAX_PATTERN_STEPS = 2_000_000;

/** Steps of all patterns of a schema together. */
export const MAX_PATTERNS_STEPS = 20_000_000;

/**
 * Units of work that validating one payload may take. A unit is one keyword, item or member visited, about 8 characters
 * hashed, or 8 steps of a pattern; slower work costs more units. The limit comes from measurements: over about 250
 * schemas and payloads of 32 KB made to be slow, a unit took at most 40 ns (one core of a shared machine, V8 warm), so
 * an event takes at most 2 ms. An array of 16,000 numbers with only `type` takes 32,000 units, a typical event of 20
 * members 100.
 */
export const MAX_VALIDATION_WORK = 50_000;

/** Subschemas that may be applied within each other. In workerd the stack overflows at about 1,500. */
export const MAX_VALIDATION_LEVELS = 512;

/**
 * Characters of the schemas that an isolate keeps compiled. A schema of many small subschemas takes 20 times the size
 * of its text: 20 MB of the 128 MB that an isolate has. A typical schema has 1,000 characters, so all types that may be
 * registered fit. Compiling takes 0.5 ms for a typical schema and 10 ms for the largest.
 */
export const MAX_COMPILED_CHARACTERS = 1_000_000;

/** Schema issues that are reported for one event. */
export const MAX_SCHEMA_ISSUES = 20;

/** Characters of an issue's path. Deeper issues are reported at the nearest parent whose path fits. */
export const MAX_PATH_CHARACTERS = 256;

/** Characters of an issue's message, and of a value that it quotes. */
export const MAX_MESSAGE_CHARACTERS = 200;
export const MAX_VALUE_CHARACTERS = 40;
