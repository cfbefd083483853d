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
 * Applies edits in their order. An edit that needs what the event lacks changes nothing.
 *
 * @throws DoesNotApply where a path leads through what is no object, or a bound is passed
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

/** Replaces what is there, or adds it where its object is. */
function put(document: EventDocument, path: string, value: unknown): void {
  if (document.read(path) !== undefined) document.replace(path, value);
  else if (document.hasParent(path)) document.add(path, value);
}

/** The moment that lies as far after `value` as `to` after `from`; null: one of them cannot be read. */
function shift(value: unknown, from: unknown, to: unknown): string | null {
  const [moment, start, end] = [momentIn(value), momentIn(from), momentIn(to)];
  if (moment === null || start === null || end === null) return null;
  const shifted = moment + end - start;
  return momentIn(shifted) === null ? null : formatTimestamp(shifted);
}
