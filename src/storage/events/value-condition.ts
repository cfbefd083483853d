import { type SQL, sql } from "drizzle-orm";
import { jsonPathOf, type PropertyPath } from "../../model/event/property-path";
import { MAX_VALUE_CHARACTERS, type ValueFilter, type ValuePattern } from "../../model/event/property-value";

/** The condition that a property of an event `e` passes a filter, as `matchesFilter` decides it from the value's text. */
export function valuePasses(path: PropertyPath, { any, none }: ValueFilter): SQL {
  const conditions: SQL[] = [];
  if (any.length > 0) conditions.push(matchesAny(path, any));
  if (none.length > 0) conditions.push(sql`NOT ${matchesAny(path, none)}`);
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

/**
 * An event without the property matches no pattern. The patterns are one bound parameter, because D1 allows 100 in a statement
 * and the condition occurs once for each lane: a list of [path, whether it is a prefix, text, the text as a number or null].
 */
function matchesAny(path: PropertyPath, patterns: readonly ValuePattern[]): SQL {
  const given = patterns.map(({ kind, text }) => [
    jsonPathOf(path),
    kind === "begins" ? 1 : 0,
    text,
    kind === "is" && String(Number(text)) === text ? Number(text) : null,
  ]);
  return sql`EXISTS (SELECT 1 FROM json_each(${JSON.stringify(given)}) AS p WHERE ${MATCHES})`;
}

const VALUE = "e.data ->> (p.value ->> 0)";

/** The condition that a text matches the pattern `p`. */
function hasText(text: string): string {
  return `iif(p.value ->> 1, substr(${text}, 1, length(p.value ->> 2)), ${text}) = p.value ->> 2`;
}

/** The number as JavaScript writes it: 1.0 is 1. */
const NUMBER_TEXT = `iif(abs(${VALUE}) < 1e15 AND CAST(${VALUE} AS INTEGER) = (${VALUE}),
  CAST(CAST(${VALUE} AS INTEGER) AS TEXT), CAST(${VALUE} AS TEXT))`;

const MATCHES = sql.raw(`CASE json_type(e.data, p.value ->> 0)
  WHEN 'text' THEN ${hasText(`substr(${VALUE}, 1, ${MAX_VALUE_CHARACTERS})`)}
  WHEN 'integer' THEN ${isNumber()} WHEN 'real' THEN ${isNumber()}
  WHEN 'true' THEN ${hasText("'true'")} WHEN 'false' THEN ${hasText("'false'")}
  ELSE false END`);

function isNumber(): string {
  return `iif(p.value ->> 1, ${hasText(NUMBER_TEXT)}, CAST(${VALUE} AS REAL) = CAST(p.value ->> 3 AS REAL))`;
}
