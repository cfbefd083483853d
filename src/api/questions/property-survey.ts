import { formatPropertyPath, MAX_PATH_LEVELS } from "../../model/event/property-path";
import { valueText } from "../../model/event/property-value";
import type { StoredProperty } from "../../storage/properties/declared-properties";

/** Events that one survey examines. */
export const MAX_SURVEYED_EVENTS = 5_000;

/** The most properties listed. Payloads with generated keys have an unlimited number of them. */
const MAX_PATHS = 300;

const SAMPLES = 5;
const MAX_SAMPLE_CHARACTERS = 100;

interface Surveyed {
  events: number;
  kinds: Map<string, number>;
  values: Map<string, number>;
}

/** Collects the properties of payloads. */
export function createPropertySurvey() {
  const found = new Map<string, Surveyed>();
  let examined = 0;

  const visit = (value: unknown, keys: readonly string[]): void => {
    const kind = kindOf(value);
    if (keys.length > 0) note(keys, kind, value);
    if (kind !== "object" || keys.length === MAX_PATH_LEVELS) return;
    for (const [key, member] of Object.entries(Object(value))) visit(member, [...keys, key]);
  };

  const note = (keys: readonly string[], kind: string, value: unknown): void => {
    // An object is shown by its members, unless it is empty.
    if (kind === "object" && Object.keys(Object(value)).length > 0) return;
    const path = formatPropertyPath(keys);
    if (path === null) return;
    let own = found.get(path);
    if (own === undefined) {
      if (found.size >= MAX_PATHS) return;
      own = { events: 0, kinds: new Map(), values: new Map() };
      found.set(path, own);
    }
    own.events += 1;
    own.kinds.set(kind, (own.kinds.get(kind) ?? 0) + 1);
    const text = valueText(value);
    if (text !== null) own.values.set(text, (own.values.get(text) ?? 0) + 1);
  };

  return {
    get examined() {
      return examined;
    },
    add(payload: unknown): void {
      examined += 1;
      visit(payload, []);
    },
    results(declared: readonly StoredProperty[]) {
      const byPath = new Map(declared.map((property) => [property.path, property]));
      const paths = new Set([...found.keys(), ...byPath.keys()]);
      return [...paths]
        .map((path) => ({ path, own: found.get(path), property: byPath.get(path) }))
        .sort((a, b) => (b.own?.events ?? 0) - (a.own?.events ?? 0) || (a.path < b.path ? -1 : 1))
        .map(({ path, own, property }) => ({ ...describe(path, own, examined), ...declaration(property) }));
    },
  };
}

function describe(path: string, own: Surveyed | undefined, examined: number) {
  const events = own?.events ?? 0;
  const values = [...(own?.values ?? [])].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return {
    path,
    kinds: Object.fromEntries([...(own?.kinds ?? [])].map(([kind, times]) => [kind, rounded(times / events)])),
    share: examined === 0 ? 0 : rounded(events / examined),
    distinct: { about: values.length },
    samples: values.slice(0, SAMPLES).map(([text]) => text.slice(0, MAX_SAMPLE_CHARACTERS)),
  };
}

function declaration(property: StoredProperty | undefined) {
  if (property === undefined) return { declared: false };
  const { kind, template } = property;
  return { declared: true, kind, ...(template === null ? {} : { template }) };
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
