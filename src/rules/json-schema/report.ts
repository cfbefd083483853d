import { escapePointer } from "../../model/json/json-pointer";
import type { WorkMeter } from "../../model/work-meter";
import { MAX_MESSAGE_CHARACTERS, MAX_PATH_CHARACTERS, MAX_SCHEMA_ISSUES, MAX_VALUE_CHARACTERS } from "../schema-limits";

/** What is wrong with a payload. `path` is a JSON pointer (RFC 6901) into the payload. */
export interface Failing {
  path: string;
  /** The keyword of the schema that was not met. */
  keyword: string;
  /** What was expected and what was found, at most MAX_MESSAGE_CHARACTERS. */
  message: string;
}

/** A place in the payload: a member or an item below another place. Its path is written only if something fails there. */
export class Place {
  private written: Path | null = null;

  constructor(
    private readonly parent: Place | null,
    private readonly name: string | number,
  ) {}

  /** Where its own would be too long, the path of the last place above it that fits: still a pointer. */
  get path(): string {
    return this.write().text;
  }

  /** Kept, since thousands of items may fail below the same place. */
  private write(): Path {
    this.written ??= this.parent === null ? { text: "", isCut: false } : extend(this.parent.write(), this.name);
    return this.written;
  }
}

interface Path {
  text: string;
  isCut: boolean;
}

function extend(path: Path, name: string | number): Path {
  if (path.isCut) return path;
  // A name of that length does not fit, and need not be escaped to see it.
  const isLong = typeof name === "string" && name.length > MAX_PATH_CHARACTERS;
  // A database does not return half a surrogate pair as it took it.
  const text = isLong ? "" : `${path.text}/${escapePointer(String(name)).toWellFormed()}`;
  return isLong || text.length > MAX_PATH_CHARACTERS ? { ...path, isCut: true } : { text, isCut: false };
}

/** Units of work that one entry in the report weighs, were it only to find that it is there already. */
const REPORT_UNITS = 40;

/** Thrown once the report is full: the verdict is certain, and more would not be shown. */
export class ReportFull extends Error {}

/** What is wrong with one payload, each thing once, at most MAX_SCHEMA_ISSUES. */
export class Report {
  private readonly found = new Map<string, Failing>();

  constructor(private readonly meter: WorkMeter) {}

  /** @throws ReportFull when this was the last that there is room for */
  add({ path }: Place, keyword: string, message: string): void {
    this.meter.charge(REPORT_UNITS);
    const failing = { path, keyword, message: cut(message.toWellFormed(), MAX_MESSAGE_CHARACTERS) };
    this.found.set(`${failing.path} ${failing.message}`, failing);
    if (this.found.size === MAX_SCHEMA_ISSUES) throw new ReportFull();
  }

  get failings(): Failing[] {
    return [...this.found.values()];
  }
}

/** A scalar as JSON, cut; of an object or an array only that it is one. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  // What is cut off below need not be written.
  const part = typeof value === "string" ? value.slice(0, MAX_VALUE_CHARACTERS + 1) : value;
  return cut(JSON.stringify(part), MAX_VALUE_CHARACTERS);
}

export function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  return `${text.slice(0, characters - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
