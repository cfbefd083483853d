/** The keys that lead from a payload to a property: `form.first_name` is ["form", "first_name"]. */
export type PropertyPath = readonly string[];

export const MAX_PATH_CHARACTERS = 200;

/** Deeper properties are rare, and each level costs in every event that is read. */
export const MAX_PATH_LEVELS = 8;

export const PATH_RULE = `expected keys joined by dots, such as path or form.first_name: at most ${MAX_PATH_LEVELS} keys and ${MAX_PATH_CHARACTERS} characters. A key that holds a dot goes into double quotes`;

/** A key in quotes may hold anything but quotes, backslashes and control characters; one without holds no dots either. */
const KEY = /(?:"([^"\\\p{Cc}]+)"|([^".\\\p{Cc}]+))/u;
const FIRST_KEY = new RegExp(`^${KEY.source}`, "u");
const NEXT_KEY = new RegExp(`^\\.${KEY.source}`, "u");

/** Reads a path as parameters have it. Null if it is not one. */
export function parsePropertyPath(text: string): PropertyPath | null {
  if (text.length > MAX_PATH_CHARACTERS) return null;
  const keys: string[] = [];
  for (let rest = text; rest !== "" || keys.length === 0; ) {
    const found = (keys.length === 0 ? FIRST_KEY : NEXT_KEY).exec(rest);
    const key = found?.[1] ?? found?.[2];
    if (found === null || key === undefined || keys.length === MAX_PATH_LEVELS) return null;
    keys.push(key);
    rest = rest.slice(found[0].length);
  }
  return keys;
}

/** The path as text, in its only form. Null if a key cannot be written: no question can ask for it. */
export function formatPropertyPath(path: PropertyPath): string | null {
  const text = path.map((key) => (key.includes(".") ? `"${key}"` : key)).join(".");
  return parsePropertyPath(text)?.join("\u0000") === path.join("\u0000") ? text : null;
}

/** The path as SQLite's JSON functions take it. */
export function jsonPathOf(path: PropertyPath): string {
  return `$${path.map((key) => `."${key}"`).join("")}`;
}
