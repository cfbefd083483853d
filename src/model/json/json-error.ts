/**
 * Finds where a text stops being JSON. `JSON.parse` gives the position only for some errors, and its message repeats
 * the payload. This runs only on texts that failed to parse, so it need not be fast.
 */

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** What may come next: a value, a member's name, or what follows a value. `first` also allows the closing bracket. */
type Expected = "value" | "first value" | "name" | "first name" | "next";

/** The index of the first character that cannot belong to one JSON value, or the text's length if it ends too early. */
export function jsonErrorIndex(text: string): number {
  const closers: string[] = [];
  let expected: Expected = "value";
  let index = 0;
  for (;;) {
    index = skip(SPACE, text, index);
    const character = text[index];
    if (character === undefined) return text.length;
    if (expected === "next" || expected.startsWith("first")) {
      if (character === closers.at(-1)) {
        closers.pop();
        index++;
        expected = "next";
        continue;
      }
      if (expected === "next") {
        if (character !== "," || closers.length === 0) return index;
        index++;
        expected = closers.at(-1) === "}" ? "name" : "value";
        continue;
      }
    }
    if (expected.endsWith("name")) {
      const name = stringEnd(text, index);
      if (name.error !== null) return name.error;
      index = skip(SPACE, text, name.end);
      if (text[index] !== ":") return index;
      index++;
      expected = "value";
    } else if (character === "[" || character === "{") {
      closers.push(character === "[" ? "]" : "}");
      index++;
      expected = character === "[" ? "first value" : "first name";
    } else if (character === '"') {
      const value = stringEnd(text, index);
      if (value.error !== null) return value.error;
      index = value.end;
      expected = "next";
    } else {
      const end = skip(SCALAR, text, index);
      if (end === index) return index;
      index = end;
      expected = "next";
    }
  }
}

/** Line and column, from 1, of an index. */
export function lineAndColumn(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index);
  return { line: before.split("\n").length, column: index - before.lastIndexOf("\n") };
}

function skip(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex : index;
}

/** Where the string that begins at `start` ends, or the index of an invalid character in it. */
function stringEnd(text: string, start: number): { end: number; error: number | null } {
  if (text[start] !== '"') return { end: start, error: start };
  let index = start + 1;
  for (;;) {
    const character = text[index];
    if (character === undefined) return { end: index, error: text.length };
    if (character === '"') return { end: index + 1, error: null };
    if (character < " ") return { end: index, error: index };
    const next = character === "\\" ? skip(ESCAPE, text, index) : index + 1;
    if (next === index) return { end: index, error: index };
    index = next;
  }
}
