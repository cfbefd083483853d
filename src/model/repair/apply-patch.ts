import { DoesNotApply, type EventDocument } from "./event-document";

/** An operation of a JSON Patch (RFC 6902). */
export type Operation =
  | { op: "add" | "replace" | "test"; path: string; value?: unknown }
  | { op: "remove"; path: string }
  | { op: "move" | "copy"; from: string; path: string };

/**
 * Applies the operations of a JSON Patch in order.
 *
 * @throws DoesNotApply at the first operation that does not apply
 */
export function applyPatch(document: EventDocument, patch: readonly Operation[]): void {
  for (const operation of patch) applyOperation(document, operation);
}

function applyOperation(document: EventDocument, operation: Operation): void {
  const { path } = operation;
  switch (operation.op) {
    case "add":
      document.add(path, operation.value);
      break;
    case "replace":
      document.replace(path, operation.value);
      break;
    case "remove":
      document.remove(path);
      break;
    case "move":
      document.move(operation.from, path);
      break;
    case "copy": {
      const value = document.read(operation.from);
      if (value === undefined) throw new DoesNotApply(`there is nothing at ${operation.from.slice(0, 100)}`);
      document.add(path, value);
      break;
    }
    case "test":
      // The message does not repeat the value, which may be anything that a visitor typed.
      if (!document.equals(path, operation.value)) throw new DoesNotApply("a test operation of the patch failed");
  }
}
