import * as v from "valibot";
import type { Micros } from "../../../model/time/time";
import { FILE_LIMITS, type FileLimits } from "../limits";
import type { ArchivedError } from "./archived-rows";
import { ERROR_COLUMNS } from "./columns";
import { ArchiveFileWriter, type WrittenFile } from "./file-writer";
import { type BuiltIndex, SessionIndexBuilder } from "./session-index";

export interface ErrorFile extends WrittenFile {
  index: BuiltIndex;
  /** When the first and the last of the errors were received. */
  first: Micros;
  last: Micros;
  /** The applications that have errors in it, sorted. Errors without one are not listed. */
  applications: string[];
}

/** The names of errors in the session index. No session or visitor of an event has such a name. */
export const ERROR_NAMES = {
  id: (id: string) => `\u0001id ${id}`,
  /** A session that an error names, or into which a replay resolved it. */
  session: (session: string) => `\u0001session ${session}`,
  visitor: (visitor: string) => `\u0001visitor ${visitor}`,
  /** For errors whose content is not JSON: such content may name any visitor. */
  unreadable: "\u0001unreadable",
};

const VisitorSchema = v.pipe(v.string(), v.parseJson(), v.object({ visitor_id: v.string() }));

/** The visitor that an error's content names. `unreadable` if the content is not JSON. */
export function visitorIn(content: string): { visitor: string | null } | "unreadable" {
  const parsed = v.safeParse(VisitorSchema, content);
  if (parsed.success) return { visitor: parsed.output.visitor_id };
  return parsed.issues.some(({ type }) => type === "parse_json") ? "unreadable" : { visitor: null };
}

/** Writes a file of errors, given in the order of receipt. */
export class ErrorFileWriter {
  private readonly file: ArchiveFileWriter<ArchivedError>;
  private readonly index = new SessionIndexBuilder();
  private readonly applications = new Set<string>();
  private first: Micros = Number.MAX_SAFE_INTEGER;
  private last: Micros = 0;

  constructor(limits: FileLimits = FILE_LIMITS) {
    this.file = new ArchiveFileWriter(ERROR_COLUMNS, limits);
  }

  get rows(): number {
    return this.file.rows;
  }

  add(error: ArchivedError): void {
    const group = this.file.groupNumber;
    this.first = Math.min(this.first, error.receivedAt);
    this.last = Math.max(this.last, error.receivedAt);
    if (error.application !== null) this.applications.add(error.application);
    for (const name of namesOf(error)) this.index.add(name, group);
    this.file.add(error);
  }

  finish(): ErrorFile {
    const applications = [...this.applications].sort();
    return { ...this.file.finish(), index: this.index.build(), first: this.first, last: this.last, applications };
  }
}

function namesOf({ id, session, resolvedSession, content }: ArchivedError): string[] {
  const sessions = [session, resolvedSession].filter((one) => one !== null).map(ERROR_NAMES.session);
  const read = content === null ? { visitor: null } : visitorIn(content);
  if (read === "unreadable") return [ERROR_NAMES.id(id), ...sessions, ERROR_NAMES.unreadable];
  return [ERROR_NAMES.id(id), ...sessions, ...(read.visitor === null ? [] : [ERROR_NAMES.visitor(read.visitor)])];
}
