import type { Refusal } from "../../http/problem";
import { refuseParameter } from "../../http/request/parameters";
import { PATH_RULE, pathRule } from "../../model/event/property-path";
import { parseValueFilter, VALUE_FILTER_RULE } from "../../model/event/property-value";
import type { PropertyFilter } from "../../model/questions/stats-dimension";
import { readProperty } from "./stats/stats-parameters";

const MAX_FILTERED_PROPERTIES = 4;
const MAX_FILTER_VALUES = 100;

/**
 * Removes the filters by property from a URL: `data.path=/blog/*`, repeated for each value.
 *
 * @returns the filters, and the URL without them
 */
export function readPropertyFilters(url: string): { filters: PropertyFilter[]; url: string } | Refusal {
  const rest = new URL(url);
  const names = new Set([...rest.searchParams.keys()].filter((name) => name.startsWith("data.")));
  const filters: PropertyFilter[] = [];
  for (const name of names) {
    const property = readProperty(name);
    if (property === null)
      return refuseParameter(
        name.slice(0, 64),
        `after data. ${pathRule(name.slice("data.".length), PATH_RULE, "data.")}.`,
      );
    const values = rest.searchParams.getAll(name);
    if (values.includes("")) return refuseParameter(name, `it is empty. It takes ${VALUE_FILTER_RULE}.`);
    if (values.length > MAX_FILTER_VALUES)
      return refuseParameter(name, `expected at most ${MAX_FILTER_VALUES} values.`);
    filters.push({ property, ...parseValueFilter(values) });
    rest.searchParams.delete(name);
  }
  if (filters.length > MAX_FILTERED_PROPERTIES) {
    return refuseParameter(
      [...names][0] ?? "data.",
      `expected filters of at most ${MAX_FILTERED_PROPERTIES} properties.`,
    );
  }
  return { filters, url: rest.href };
}
