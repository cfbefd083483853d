/** The keys that lead from a payload to a property: `form.first_name` is ["form", "first_name"]. */
export type PropertyPath = readonly string[];

export const MAX_PATH_CHARACTERS = 200;

/** Deeper properties are rare, and each level adds work to every event read. */
export const MAX_PATH_LEVELS = 8;

export const PATH_RULE = `expected keys joined by dots, such as path or form.first_name: at most ${MAX_PATH_LEVELS} keys and ${MAX_PATH_CHARACTERS} characters. Put a key that contains a dot in double quotes`;

/**
 * A quoted key may contain anything but quotes, backslashes and control characters. An unquoted key has no dots either.
 */
const KEY = /(?:"([^"\\\p{Cc}]+)"|([^".\\\p{Cc}]+))/u;
const FIRST_KEY = new RegExp(`^${KEY.source}`, "u");
const NEXT_KEY = new RegExp(`^\\.${KEY.source}`, "u");

/**
 * A path of a payload begins inside it. One that begins with the member `data` of an event is a mistake that would select
 * nothing, in an alert for ever. So a payload's own member of this name is put in quotes: `"data".price`.
 */
const FROM_EVENT = /^data\./;

/** Parses a path from a parameter. Null if it is not valid. */
export function parsePropertyPath(text: string): PropertyPath | null {
  if (text.length > MAX_PATH_CHARACTERS || FROM_EVENT.test(text)) return null;
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

/**
 * The message for a text that is not a path, with what to write instead if it begins with `data.`.
 *
 * @param before what comes before the path: `data.` where a query names a property among other things
 */
export function pathRule(text: string, rule: string = PATH_RULE, before = ""): string {
  if (!FROM_EVENT.test(text)) return rule;
  const rest = text.slice("data.".length);
  return `${rule}. Write ${before}${rest} instead of ${before}${text}: paths begin inside the payload. For a member of the payload named data, write ${before}"data".${rest}`;
}

/** The path as text, in its only form. Null if a key cannot be written as text; then no query can use it. */
export function formatPropertyPath(path: PropertyPath): string | null {
  const isQuoted = (key: string, place: number) =>
    key.includes(".") || (place === 0 && key === "data" && path.length > 1);
  const text = path.map((key, place) => (isQuoted(key, place) ? `"${key}"` : key)).join(".");
  return parsePropertyPath(text)?.join("\u0000") === path.join("\u0000") ? text : null;
}

/** The path in the form of SQLite's JSON functions. */
export function jsonPathOf(path: PropertyPath): string {
  return `$${path.map((key) => `."${key}"`).join("")}`;
}
