import type { Micros } from "../../../model/time/time";
import { FILE_LIMITS, type FileLimits, MAX_LISTED_TYPES } from "../limits";
import type { ArchivedEvent } from "./archived-rows";
import { EVENT_COLUMNS } from "./columns";
import { ArchiveFileWriter, type WrittenFile } from "./file-writer";
import { type BuiltIndex, SessionIndexBuilder, visitorName } from "./session-index";

/** The footer's note on types: JSON [[application, category, name, first row group, last row group], …]. */
export const TYPES_NOTE = "the_eye.types";

export interface EventFile extends WrittenFile {
  index: BuiltIndex;
  /** The first and last timestamp of the events. */
  first: Micros;
  last: Micros;
  /** The applications that have events in it, sorted. */
  applications: string[];
}

interface ListedType {
  key: [application: string, category: string, name: string];
  first: number;
  last: number;
}

/**
 * Writes a file of events, given in the order of the tables: by slot, then session. Each row group is therefore a
 * range of time, so a page by time reads few of them, and the events of a session are adjacent within it.
 */
export class EventFileWriter {
  private readonly file: ArchiveFileWriter<ArchivedEvent>;
  private readonly index = new SessionIndexBuilder();
  private readonly applications = new Set<string>();
  private readonly types = new Map<string, ListedType>();
  private first: Micros = Number.MAX_SAFE_INTEGER;
  private last: Micros = 0;

  constructor(limits: FileLimits = FILE_LIMITS) {
    this.file = new ArchiveFileWriter(EVENT_COLUMNS, limits);
  }

  get isFull(): boolean {
    return this.file.isFull;
  }

  get rows(): number {
    return this.file.rows;
  }

  add(event: ArchivedEvent): void {
    const group = this.file.groupNumber;
    this.first = Math.min(this.first, event.occurredAt);
    this.last = Math.max(this.last, event.occurredAt);
    this.index.add(event.session, group);
    if (event.visitor !== null) this.index.add(visitorName(event.visitor), group);
    this.applications.add(event.application);
    this.listType(event, group);
    this.file.add(event);
  }

  finish(): EventFile {
    const listed =
      this.types.size > MAX_LISTED_TYPES
        ? []
        : [
            {
              key: TYPES_NOTE,
              value: JSON.stringify([...this.types.values()].map(({ key, first, last }) => [...key, first, last])),
            },
          ];
    const file = this.file.finish(listed);
    const applications = [...this.applications].sort();
    return { ...file, index: this.index.build(), first: this.first, last: this.last, applications };
  }

  private listType({ application, category, name }: ArchivedEvent, group: number): void {
    if (this.types.size > MAX_LISTED_TYPES) return;
    const text = `${application}\u0000${category}\u0000${name}`;
    const known = this.types.get(text);
    if (known === undefined) this.types.set(text, { key: [application, category, name], first: group, last: group });
    else known.last = group;
  }
}
