import type { OutputUnit } from "@cfworker/json-schema";
import { MAX_MESSAGE_CHARACTERS, MAX_PATH_CHARACTERS, MAX_SCHEMA_ISSUES, MAX_VALUE_CHARACTERS } from "./schema-limits";

/** What is wrong with a payload. `path` is a JSON pointer (RFC 6901) into the payload. */
export interface Failing {
  path: string;
  /** The keyword of the schema that was not met. */
  keyword: string;
  /** What was expected and what was found, at most MAX_MESSAGE_CHARACTERS. */
  message: string;
}

/** Keywords that only say that a subschema failed: what failed in it is told by itself. */
const CARRIERS = new Set([
  ...["$ref", "allOf", "if", "properties", "patternProperties", "additionalProperties", "items", "prefixItems"],
  ...["dependentSchemas", "unevaluatedProperties", "unevaluatedItems"],
]);

/** Keywords whose subschemas fail as a matter of course: what failed in them would mislead. */
const CLOSED = new Set(["anyOf", "oneOf", "not", "contains", "minContains", "maxContains", "propertyNames"]);

/** Turns the validator's findings into what can be told, each once, at most MAX_SCHEMA_ISSUES. */
export function explain(data: unknown, units: readonly OutputUnit[]): Failing[] {
  const failings = new Map<string, Failing>();
  const closed: string[] = [];
  for (const unit of units) {
    if (failings.size === MAX_SCHEMA_ISSUES) break;
    const { keyword, keywordLocation, instanceLocation, error } = unit;
    if (closed.some((place) => keywordLocation.startsWith(place))) continue;
    if (CLOSED.has(keyword)) closed.push(`${keywordLocation.replace(/\/(min|max)Contains$/, "/contains")}/`);
    if (CARRIERS.has(keyword)) continue;
    const pointer = decodeURI(instanceLocation.slice(1)).replaceAll("%23", "#");
    const failing = isUnexpectedMember(keywordLocation)
      ? unexpectedMember(pointer)
      : {
          path: pointer,
          keyword,
          message: cut(messageOf(keyword, error, valueAt(data, pointer)), MAX_MESSAGE_CHARACTERS),
        };
    const told = { ...failing, path: cutPath(failing.path) };
    failings.set(`${told.path} ${told.message}`, told);
  }
  return [...failings.values()];
}

/** `false` for further members reaches the validator as `{not: {}}`. */
function isUnexpectedMember(keywordLocation: string): boolean {
  return /\/(additional|unevaluated)Properties\/not$/.test(keywordLocation);
}

/** At the object, not at the member: names that nobody expected are without number, and places are counted. */
function unexpectedMember(pointer: string): Failing {
  const end = pointer.lastIndexOf("/");
  const name = unescapePointer(pointer.slice(end + 1));
  return {
    path: pointer.slice(0, end),
    keyword: "additionalProperties",
    message: `expected no member ${cut(JSON.stringify(name), MAX_VALUE_CHARACTERS)}`,
  };
}

function messageOf(keyword: string, error: string, value: unknown): string {
  const found = describe(value);
  const numbers = /-?\d[\d.e+-]*(?=[^\d]*$)/i.exec(error)?.[0] ?? "";
  const quoted = [...error.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text);
  switch (keyword) {
    case "type": {
      const types = /Expected "(.*)"\.$/.exec(error)?.[1]?.split('", "') ?? [];
      return `expected ${types.join(" or ")}, found ${found}`;
    }
    case "const":
      return `expected ${cut(/match (.*)\.$/s.exec(error)?.[1] ?? "", 100)}, found ${found}`;
    case "enum":
      return `expected one of ${cut(/any of \[(.*)\]\.$/s.exec(error)?.[1] ?? "", 100)}, found ${found}`;
    case "required":
      return `expected the member ${cut(/property (".*")\.$/s.exec(error)?.[1] ?? "", 80)}, found none`;
    case "dependentRequired":
      return `expected the member "${cut(quoted[1] ?? "", 60)}" beside "${cut(quoted[0] ?? "", 60)}", found none`;
    case "minimum":
      return `expected at least ${bound(error)}, found ${found}`;
    case "maximum":
      return `expected at most ${bound(error)}, found ${found}`;
    case "exclusiveMinimum":
      return `expected more than ${bound(error)}, found ${found}`;
    case "exclusiveMaximum":
      return `expected less than ${bound(error)}, found ${found}`;
    case "multipleOf":
      return `expected a multiple of ${bound(error)}, found ${found}`;
    case "minLength":
    case "maxLength": {
      const [, length = "", limit = ""] = /\((\d+) [<>] (\d+)\)/.exec(error) ?? [];
      return `expected at ${keyword === "minLength" ? "least" : "most"} ${limit} characters, found ${length}`;
    }
    case "minItems":
    case "maxItems": {
      const [, length = "", limit = ""] = /\((\d+) [<>] (\d+)\)/.exec(error) ?? [];
      return `expected at ${keyword === "minItems" ? "least" : "most"} ${limit} items, found ${length}`;
    }
    case "minProperties":
      return `expected at least ${numbers} members, found ${sizeOf(value)}`;
    case "maxProperties":
      return `expected at most ${numbers} members, found ${sizeOf(value)}`;
    case "uniqueItems":
      return `expected items that differ, found two alike: ${(error.match(/\d+/g) ?? []).slice(0, 2).join(" and ")}`;
    case "pattern":
      return `expected a text of the pattern, found ${found}`;
    case "format":
      return `expected ${quoted[0] ?? "the format"}, found ${found}`;
    case "anyOf":
      return `expected a value that fits one of the alternatives, found ${found}`;
    case "oneOf":
      return `expected a value that fits exactly one of the alternatives, found ${found} that fits ${numbers}`;
    case "not":
      return `expected a value that does not fit what is ruled out, found ${found}`;
    case "propertyNames":
      return `expected names of members that fit, found ${cut(/name (".*") does/s.exec(error)?.[1] ?? "", MAX_VALUE_CHARACTERS)}`;
    case "contains":
    case "minContains":
    case "maxContains":
      return `expected an array with the right number of items that fit, found ${found}`;
    default:
      return error;
  }
}

/** The bound that a number was held against: the last word of the validator's sentence. */
function bound(error: string): string {
  return /(\S+)\.$/.exec(error)?.[1] ?? "";
}

function sizeOf(value: unknown): number {
  return Object.keys(Object(value)).length;
}

/** A scalar as JSON, cut; of an object or an array only that it is one. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return cut(JSON.stringify(value), MAX_VALUE_CHARACTERS);
}

function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  return `${text.slice(0, characters - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Still a pointer: to what holds the place, where its own is too long. */
function cutPath(path: string): string {
  if (path.length <= MAX_PATH_CHARACTERS) return path;
  return path.slice(0, path.lastIndexOf("/", MAX_PATH_CHARACTERS));
}

function valueAt(data: unknown, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .reduce<unknown>((at, segment) => {
      const name = unescapePointer(segment);
      return typeof at === "object" && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined;
    }, data);
}

function unescapePointer(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
