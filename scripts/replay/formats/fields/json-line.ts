/** A member of a JSON object, by its name in lower case with `-` as `_`. */
export type Members = ReadonlyMap<string, unknown>;

/** nginx without `escape=json` writes `\x22`, which is not valid JSON. */
const NGINX_ESCAPE = /\\x([0-9A-Fa-f]{2})/g;

/** Parses a line that is one JSON object. Null for anything else. */
export function readJsonObject(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  const value = parse(line) ?? parse(line.replace(NGINX_ESCAPE, "\\u00$1"));
  return isObject(value) ? value : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function membersOf(object: Record<string, unknown>): Members {
  return new Map(Object.entries(object).map(([name, value]) => [name.toLowerCase().replaceAll("-", "_"), value]));
}

/** The first of these members that has a value. Numbers count as text too, because nginx may or may not quote them. */
export function textOf(members: Members, names: readonly string[]): string | null {
  for (const name of names) {
    const value = members.get(name);
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text === "string" && text !== "" && text !== "-") return text;
  }
  return null;
}

/** A number, quoted or not; null if there is none. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "string" && /^\d+(\.\d+)?$/.test(value)) return Number(value);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
