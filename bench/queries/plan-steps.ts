/** Tables that grow with the traffic, as a pattern. */
const GROWING = String.raw`(?:(?:events|activity|visits|minutes)_\d+[sl]?|errors|error_parts|counts|receipt_counts|series_hours|failures)`;

/**
 * Steps of a plan that read or sort a whole table. Allowed are sums, which are sorted by group and have a bounded number of
 * aggregate rows, and scans in the order of an index that a LIMIT ends: a page.
 */
export function wholeTableSteps(sql: string, plan: readonly string[]): string[] {
  const isPage = !/\bwhere\b/i.test(sql) && /\blimit\b/i.test(sql);
  const isSum = /\bgroup by\b/i.test(sql) || isHours(sql);
  return [...plan.filter((step) => isSort(step, isSum)), ...(isPage ? [] : scansOf(sql, plan))];
}

/** Scans of growing tables, by name or by alias. A subquery may have the alias of a table inside it. */
function scansOf(sql: string, plan: readonly string[]): string[] {
  const isTable = new RegExp(`^${GROWING}$`);
  const aliased = new RegExp(String.raw`"?\b${GROWING}\b"? AS "?(\w+)`, "gi");
  const aliases = new Set([...sql.matchAll(aliased)].flatMap(([, alias]) => alias ?? []));
  const made = new Map<string, number>();
  return plan.filter((step) => {
    const [, subquery] = /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(step) ?? [];
    if (subquery !== undefined) made.set(subquery, (made.get(subquery) ?? 0) + 1);
    const [, name = ""] = /^SCAN (\w+)/.exec(step) ?? [];
    if (isTable.test(name)) return !usesPartialIndex(step);
    if (!aliases.has(name) || usesPartialIndex(step)) return false;
    const left = made.get(name) ?? 0;
    if (left > 0) made.set(name, left - 1);
    return left === 0;
  });
}

/** A scanned index counts as a table too, but not a partial index that has only the requested rows. */
function usesPartialIndex(step: string): boolean {
  return /USING (?:COVERING )?INDEX (?:errors_open|errors_resolved|errors_with_\w+)\b/.test(step);
}

/** The next hours of some series: those of each are bounded by a LIMIT. */
function isHours(sql: string): boolean {
  return /^\s*SELECT DISTINCT h\.hour\b/.test(sql);
}

/** Sorting within equal values of the first columns sorts few rows: the events of a slot. */
function isSort(step: string, isSum: boolean): boolean {
  if (!/USE TEMP B-TREE/.test(step) || /FOR LAST (?:TERM|\d+ TERMS) OF ORDER BY/.test(step)) return false;
  return !(isSum && /FOR (GROUP BY|ORDER BY|DISTINCT)/.test(step)) && !/FOR group_concat\(DISTINCT\)/.test(step);
}
