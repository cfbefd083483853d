import { escapePointer } from "../../model/json/json-pointer";
import type { WorkMeter } from "../../model/work-meter";
import { MAX_MESSAGE_CHARACTERS, MAX_PATH_CHARACTERS, MAX_SCHEMA_ISSUES, MAX_VALUE_CHARACTERS } from "../schema-limits";

/** One failure of a payload. `path` is a JSON pointer (RFC 6901) into the payload. */
export interface Failing {
  path: string;
  /** The keyword of the schema that failed. */
  keyword: string;
  /** What was expected and what was found, at most MAX_MESSAGE_CHARACTERS. */
  message: string;
}

/** A place in the payload: a member or an item below another place. Its path is built only if something fails there. */
export class Place {
  private written: Path | null = null;

  constructor(
    private readonly parent: Place | null,
    private readonly name: string | number,
  ) {}

  /** A JSON pointer. If it would be too long, the path of the nearest parent that fits. */
  get path(): string {
    return this.write().text;
  }

  /** The path is cached, since thousands of items may fail below the same place. */
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
  // A name of this length cannot fit, so it need not be escaped.
  const isLong = typeof name === "string" && name.length > MAX_PATH_CHARACTERS;
  // A database does not return lone surrogates unchanged.
  const text = isLong ? "" : `${path.text}/${escapePointer(String(name)).toWellFormed()}`;
  return isLong || text.length > MAX_PATH_CHARACTERS ? { ...path, isCut: true } : { text, isCut: false };
}

/** Units of work for one entry in the report, even if it is a duplicate. */
const REPORT_UNITS = 40;

/** Thrown when the report is full: the verdict is certain, and further issues would not be shown. */
export class ReportFull extends Error {}

/** The distinct failures of one payload, at most MAX_SCHEMA_ISSUES. */
export class Report {
  private readonly found = new Map<string, Failing>();

  constructor(private readonly meter: WorkMeter) {}

  /** @throws ReportFull if this entry was the last one allowed */
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

/** A short description of a value: a scalar as JSON, cut; the type for an object or an array. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  // Slicing first avoids serialising what is cut off below.
  const part = typeof value === "string" ? value.slice(0, MAX_VALUE_CHARACTERS + 1) : value;
  return cut(JSON.stringify(part), MAX_VALUE_CHARACTERS);
}

export function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  return `${text.slice(0, characters - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
