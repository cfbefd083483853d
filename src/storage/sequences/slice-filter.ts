import { type SQL, sql } from "drizzle-orm";
import { jsonPathOf, type PropertyPath } from "../../model/event/property-path";
import { MAX_VALUE_CHARACTERS, type ValueFilter, type ValuePattern } from "../../model/event/property-value";
import { jsonList, textList } from "../counts/series";

/** Events that a query may use. Those that a statement returns are examined again. */
export interface WantedEvents {
  /** Their dimension keys; null for all. */
  series: readonly number[] | null;
  /** All of these must match. */
  data: readonly { path: PropertyPath; filter: ValueFilter }[];
}

/** The condition that an event `e` may be one of the wanted ones. At least those pass. */
export function isWanted(wanted: readonly WantedEvents[]): SQL {
  const terms = wanted.map(({ series, data }) => ({ series, value: valueCondition(data) }));
  const plain = terms.filter(({ value }) => value === null).map(({ series }) => series);
  const filtered = terms.flatMap(({ series, value }) => (value === null ? [] : [{ series, value }]));
  const all = isOfSeries(terms.map(({ series }) => series));
  if (filtered.length === 0) return all;
  const either = [
    ...(plain.length === 0 ? [] : [isOfSeries(plain)]),
    ...filtered.map(({ series, value }) => sql`(${isOfSeries([series])} AND ${value})`),
  ];
  // The first condition is the one that SQLite tests first. Most events fail it.
  return sql`${all} AND (${sql.join(either, sql` OR `)})`;
}

function isOfSeries(lists: readonly (readonly number[] | null)[]): SQL {
  const ids = lists.flatMap((list) => list ?? []);
  return lists.includes(null) ? sql`true` : sql`e.series_id IN ${jsonList([...new Set(ids)])}`;
}

/** A condition that all events with matching values pass, and few others: null if there is none. One property is enough. */
function valueCondition(data: WantedEvents["data"]): SQL | null {
  for (const { path, filter } of data) {
    const values = valuesOf(filter.any);
    if (values === null) continue;
    const value = sql`(e.data -> ${jsonPathOf(path)})`;
    const terms = [
      // The JSON of a text may be written in several ways, but only with a backslash.
      sql`instr(e.data, char(92)) > 0`,
      ...(values.texts.length === 0 ? [] : [sql`${value} IN ${textList(values.texts)}`]),
      ...(values.beginnings.length === 0
        ? []
        : [
            sql`EXISTS (SELECT 1 FROM json_each(${JSON.stringify(values.beginnings)}) AS j
              WHERE substr(${value}, 1, length(j.value)) = j.value)`,
          ]),
      // The number 5 may be written as 5.0.
      ...(values.mayBeNoText ? [sql`substr(${value}, 1, 1) <> '"'`] : []),
    ];
    return sql`(${sql.join(terms, sql` OR `)})`;
  }
  return null;
}

/** The JSON of the texts, and the beginnings of it, that match one of the patterns. Null if all values may match. */
function valuesOf(any: readonly ValuePattern[]) {
  if (any.length === 0 || any.some(({ text }) => text === "" || text.length >= MAX_VALUE_CHARACTERS)) return null;
  const ofKind = (kind: ValuePattern["kind"]) => any.filter((pattern) => pattern.kind === kind).map(({ text }) => text);
  return {
    texts: ofKind("is").map((text) => `"${text}"`),
    beginnings: ofKind("begins").map((text) => `"${text}`),
    mayBeNoText: any.some(({ text }) => BEGINS_LIKE_A_NUMBER.test(text)),
  };
}

/** Or like true, false, Infinity or NaN. */
const BEGINS_LIKE_A_NUMBER = /^[-+.\dtfIN]/;
