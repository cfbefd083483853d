import { formatTimestamp } from "../../../src/model/time/time.ts";
import type { LogEntry } from "../formats/entry.ts";
import type { Visit } from "./visitor.ts";

/** The type of all events from logs. */
export const PAGE_VIEW = { category: "page interaction", name: "pageview" } as const;

/** One line of a log as an event of The Eye. */
export interface PageView {
  id: string;
  session_id: string;
  visitor_id?: string;
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
    host?: string;
    duration_ms?: number;
    /** The request line as logged, only if method and path could not be parsed from it. */
    request?: string;
  };
  context: { source: string };
}

/** @param id the line's own, see `LineIds`. */
export function pageViewOf(entry: LogEntry, id: string, visit: Visit, source: string): PageView {
  return {
    id,
    session_id: visit.sessionId,
    ...(visit.visitorId === null ? {} : { visitor_id: visit.visitorId }),
    ...PAGE_VIEW,
    timestamp: formatTimestamp(entry.occurredAt),
    data: {
      method: entry.method,
      path: entry.path,
      status: entry.status,
      bytes: entry.bytes,
      referrer: entry.referrer,
      user_agent: entry.userAgent,
      ...(entry.host === null ? {} : { host: entry.host }),
      ...(entry.durationMs === null ? {} : { duration_ms: entry.durationMs }),
      ...(entry.request === null ? {} : { request: entry.request }),
    },
    context: { source },
  };
}
