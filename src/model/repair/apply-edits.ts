import { formatTimestamp } from "../time/time";
import { type CastType, cast, momentIn } from "./cast";
import type { EventDocument } from "./event-document";

export type Edit =
  | { op: "set"; path: string; value?: unknown }
  | { op: "rename"; path: string; to: string }
  | { op: "copy"; from: string; path: string }
  | { op: "remove"; path: string }
  | { op: "cast"; path: string; type: CastType }
  | { op: "shift"; path: string; from: string; to: string };

/**
 * Applies edits in order. An edit that needs a missing member changes nothing.
 *
 * @throws DoesNotApply if a path leads through a value that is not an object, or a limit is exceeded
 */
export function applyEdits(document: EventDocument, edits: readonly Edit[]): void {
  for (const edit of edits) applyEdit(document, edit);
}

function applyEdit(document: EventDocument, edit: Edit): void {
  const { path } = edit;
  if (edit.op === "set") {
    put(document, path, edit.value);
    return;
  }
  const value = document.read(edit.op === "copy" ? edit.from : path);
  if (value === undefined) return;
  switch (edit.op) {
    case "copy":
      put(document, path, value);
      break;
    case "rename":
      if (document.hasParent(edit.to)) document.move(path, edit.to);
      break;
    case "remove":
      document.remove(path);
      break;
    case "cast":
      document.replace(path, cast(value, edit.type));
      break;
    case "shift": {
      const shifted = shift(value, document.read(edit.from), document.read(edit.to));
      if (shifted !== null) document.replace(path, shifted);
    }
  }
}

/** Replaces the value at a path, or adds it if its parent exists. */
function put(document: EventDocument, path: string, value: unknown): void {
  if (document.read(path) !== undefined) document.replace(path, value);
  else if (document.hasParent(path)) document.add(path, value);
}

/** `value` moved by the difference `to` minus `from`. Null if one of the times cannot be read. */
function shift(value: unknown, from: unknown, to: unknown): string | null {
  const [moment, start, end] = [momentIn(value), momentIn(from), momentIn(to)];
  if (moment === null || start === null || end === null) return null;
  const shifted = moment + end - start;
  return momentIn(shifted) === null ? null : formatTimestamp(shifted);
}
