/** Tables that grow with the traffic. */
const GROWING = ["events", "errors", "error_parts", "counts", "series_minutes", "failures"];

/**
 * Steps of a statement's plan that read or sort a whole table. Sums are sorted by group, and their cells are bounded; a walk
 * in the order of an index that a LIMIT ends is a page.
 */
export function wholeTableSteps(sql: string, plan: readonly string[]): string[] {
  const isPage = !/\bwhere\b/i.test(sql) && /\blimit\b/i.test(sql);
  const names = new Set([...GROWING, ...aliasesIn(sql)]);
  const isSum = /\bgroup by\b/i.test(sql);
  return plan.filter((step) => isSort(step, isSum) || (!isPage && isScan(step, names)));
}

function aliasesIn(sql: string): string[] {
  const aliased = new RegExp(`"?\\b(?:${GROWING.join("|")})"? AS "?(\\w+)`, "gi");
  return [...sql.matchAll(aliased)].flatMap(([, alias]) => alias ?? []);
}

/** An index that is scanned is a table too, but not one that holds only what is asked for. */
function isScan(step: string, names: Set<string>): boolean {
  if (/USING (?:COVERING )?INDEX (?:errors_open|errors_resolved|errors_with_\w+|events_opening)\b/.test(step))
    return false;
  const [, name = ""] = /^SCAN (\w+)/.exec(step) ?? [];
  return names.has(name);
}

function isSort(step: string, isSum: boolean): boolean {
  if (!/USE TEMP B-TREE/.test(step)) return false;
  return !(isSum && /FOR (GROUP|ORDER) BY/.test(step)) && !/FOR group_concat\(DISTINCT\)/.test(step);
}
