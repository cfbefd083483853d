import { isJsonObject } from "../../model/event/event";
import { formatTimestamp } from "../../model/time/time";
import type { FoundEvent } from "../../storage/events/named-events";

const COLUMNS = [
  ...["session_id", "application", "category", "name", "timestamp", "received_at", "id", "visitor_id"],
  ...["data", "context", "extra"],
];

/** The most columns that `flatten=auto` makes. */
export const MAX_FLATTENED = 100;

/** The first line of a CSV file (RFC 4180). @param paths the paths in `data` that have their own column */
export function csvHeader(paths: readonly string[]): string {
  return line([...COLUMNS, ...paths.map((path) => `data.${path}`)]);
}

/** An event as a line of CSV. `data`, `context`, `extra` and the objects and arrays within `data` are JSON text. */
export function csvLine(event: FoundEvent, paths: readonly string[]): string {
  const { session, application, category, name, occurredAt, receivedAt, id, visitor, data, context, extra } = event;
  const own =
    `${quoted(session)},${quoted(application)},${quoted(category)},${quoted(name)}` +
    `,${formatTimestamp(occurredAt)},${formatTimestamp(receivedAt)},${quoted(id)},${quoted(visitor ?? "")}` +
    `,${quoted(data)},${quoted(context ?? "")},${quoted(extra ?? "")}`;
  if (paths.length === 0) return `${own}\r\n`;
  const payload: unknown = JSON.parse(data);
  return `${own},${line(paths.map((path) => cellText(valueAt(payload, path))))}`;
}

/** The paths of the values in some payloads, sorted: `host`, `form.first_name`. Names with a dot or a comma have none. */
export function flattenedPaths(events: readonly FoundEvent[]): string[] {
  const paths = new Set<string>();
  const collect = (value: unknown, path: string) => {
    if (paths.size >= MAX_FLATTENED) return;
    if (!isJsonObject(value)) {
      paths.add(path);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      if (/^[^.,]{1,64}$/.test(name)) collect(member, path === "" ? name : `${path}.${name}`);
    }
  };
  for (const { data } of events) collect(JSON.parse(data), "");
  return [...paths].sort();
}

function valueAt(payload: unknown, path: string): unknown {
  let value = payload;
  for (const name of path.split(".")) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(",")}\r\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
