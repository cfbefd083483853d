import { formatTimestamp } from "../../src/model/time.ts";
import { type LogEntry, parseLogLine } from "./access-log.ts";
import { derivedId } from "./derived-id.ts";
import { sessionIds } from "./sessions.ts";

/** The type of every event that a log gives. */
export const PAGE_VIEW = { category: "page interaction", name: "pageview" } as const;

/** One line of a log as an event of The Eye. */
export interface PageView {
  id: string;
  session_id: string;
  category: typeof PAGE_VIEW.category;
  name: typeof PAGE_VIEW.name;
  timestamp: string;
  data: {
    method: string | null;
    path: string | null;
    status: number | null;
    bytes: number | null;
    referrer: string | null;
    user_agent: string | null;
    /** The request line as logged, only where method and path could not be read from it. */
    request?: string;
  };
}

export interface Log {
  lines: number;
  blank: number;
  /** Numbers, from 1, of the lines that are not understood. */
  notUnderstood: number[];
  events: PageView[];
}

/** Reads a whole log. Sessions span it, so it is held in memory: about 1 KB a line. */
export function readLog(lines: readonly string[]): Log {
  const log: Log = { lines: lines.length, blank: 0, notUnderstood: [], events: [] };
  const understood: { entry: LogEntry; id: string }[] = [];
  lines.forEach((line, index) => {
    const entry = parseLogLine(line);
    if (line.trim() === "") log.blank++;
    else if (entry === null) log.notUnderstood.push(index + 1);
    // Equal lines are different events: the number of the line tells them apart.
    else understood.push({ entry, id: derivedId("event", index + 1, line) });
  });
  const sessions = sessionIds(understood.map(({ entry }) => entry));
  log.events = understood.map(({ entry, id }, index) => pageView(entry, id, sessions[index] ?? ""));
  return log;
}

/** The lines of a file. A line feed at the end begins no further line. */
export function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function pageView(entry: LogEntry, id: string, session_id: string): PageView {
  return {
    id,
    session_id,
    ...PAGE_VIEW,
    timestamp: formatTimestamp(entry.occurredAt),
    data: {
      method: entry.method,
      path: entry.path,
      status: entry.status,
      bytes: entry.bytes,
      referrer: entry.referrer,
      user_agent: entry.userAgent,
      ...(entry.method === null ? { request: entry.request } : {}),
    },
  };
}
