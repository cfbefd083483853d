import { matchesFilter, valueText } from "../event/property-value";
import type { PropertyFilter } from "./stats-dimension";

/** Returns whether a payload passes all filters. Values are compared as they were sent, without templates. */
export function payloadPasses(payload: unknown, filters: readonly PropertyFilter[]): boolean {
  return filters.every((filter) => matchesFilter(filter, valueText(memberAt(payload, filter.property.path))));
}

function memberAt(payload: unknown, path: readonly string[]): unknown {
  let member = payload;
  for (const key of path) {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return undefined;
    member = Object.getOwnPropertyDescriptor(member, key)?.value;
  }
  return member;
}
