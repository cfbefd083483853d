import { applyPatch, type Operation } from "rfc6902";
import * as v from "valibot";
import { formatTimestamp, momentOf } from "./time";

/**
 * How a failed event is mended before it is judged again. Applied to a copy: what was sent stays in the errors table.
 *
 * - `patch`: a JSON Patch (RFC 6902). Strict: where an operation does not apply, the event is left alone.
 * - `edits`: for many events that are not all alike. An edit whose path an event lacks changes nothing.
 */

const pointer = v.pipe(
  v.string(),
  v.regex(/^(\/([^~/]|~[01])*)*$/, "expected a JSON pointer (RFC 6901) such as /data/price"),
  v.maxLength(500, "expected at most 500 characters"),
);

const member = v.pipe(pointer, v.nonEmpty("expected the path of a member, such as /data/price"));

const OperationSchema = v.variant("op", [
  v.strictObject({ op: v.picklist(["add", "replace", "test"]), path: pointer, value: v.unknown() }),
  v.strictObject({ op: v.literal("remove"), path: pointer }),
  v.strictObject({ op: v.picklist(["move", "copy"]), from: pointer, path: pointer }),
]);

export const CAST_TYPES = ["string", "number", "integer", "boolean", "timestamp"] as const;

const EditSchema = v.variant("op", [
  v.strictObject({ op: v.literal("set"), path: member, value: v.unknown() }),
  v.strictObject({ op: v.literal("rename"), path: member, to: member }),
  v.strictObject({ op: v.literal("remove"), path: member }),
  v.strictObject({ op: v.literal("cast"), path: member, type: v.picklist(CAST_TYPES) }),
]);

const MAX_OPERATIONS = 50;

function listOf<Schema extends v.GenericSchema>(schema: Schema) {
  return v.pipe(
    v.array(schema),
    v.minLength(1, "expected at least one operation"),
    v.maxLength(MAX_OPERATIONS, `expected at most ${MAX_OPERATIONS} operations`),
  );
}

export const RepairSchema = v.pipe(
  v.union([v.strictObject({ patch: listOf(OperationSchema) }), v.strictObject({ edits: listOf(EditSchema) })]),
  v.description(
    "How to mend each event before it is judged: `patch`, a JSON Patch (RFC 6902), which leaves an event alone where an operation does not apply; or `edits` (set, rename, remove, cast), which pass over what an event lacks.",
  ),
);

export type Repair = v.InferOutput<typeof RepairSchema>;

type Edit = v.InferOutput<typeof EditSchema>;

export type Repaired = { applies: true; event: unknown } | { applies: false; reason: string };

/** Mends an event as a repair says. The event itself is not changed. */
export function repairEvent(event: unknown, repair: Repair): Repaired {
  // The whole event stands in a member, so that a patch of the path "" reaches it.
  const holder: Holder = { event: structuredClone(event) };
  try {
    if ("patch" in repair) {
      const [failed] = applyPatch(holder, repair.patch.map(within)).filter((error) => error !== null);
      if (failed !== undefined) return { applies: false, reason: shortly(failed) };
    } else {
      for (const edit of repair.edits) applyEdit(holder, edit);
    }
  } catch (thrown) {
    // A path through a text or a number: `/data/price` where data is no object.
    return { applies: false, reason: shortly(thrown) };
  }
  // What JSON cannot say (a prototype that was set) does not survive.
  return { applies: true, event: JSON.parse(JSON.stringify(holder.event) ?? "null") };
}

interface Holder {
  event: unknown;
}

const ROOT = "/event";

function within(operation: v.InferOutput<typeof OperationSchema>): Operation {
  const moved = { ...operation, path: `${ROOT}${operation.path}` };
  // The library's type of an operation is the same union, written out one by one.
  return ("from" in moved ? { ...moved, from: `${ROOT}${moved.from}` } : moved) as Operation;
}

function applyEdit(holder: Holder, edit: Edit): void {
  const path = `${ROOT}${edit.path}`;
  const found = valueAt(holder, path);
  if (edit.op === "set") {
    const isMember = found !== undefined;
    applyPatch(holder, [{ op: isMember ? "replace" : "add", path, value: edit.value }]);
  } else if (found === undefined) {
    return;
  } else if (edit.op === "rename") {
    applyPatch(holder, [{ op: "move", from: path, path: `${ROOT}${edit.to}` }]);
  } else if (edit.op === "remove") {
    applyPatch(holder, [{ op: "remove", path }]);
  } else {
    applyPatch(holder, [{ op: "replace", path, value: cast(found, edit.type) }]);
  }
}

function valueAt(holder: Holder, path: string): unknown {
  const tokens = path.slice(1).split("/");
  return tokens.reduce<unknown>((value, token) => {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return Reflect.get(value, key);
  }, holder);
}

/** The value as another type, or as it is where it cannot be one: the event then fails for it as before. */
function cast(value: unknown, type: (typeof CAST_TYPES)[number]): unknown {
  if (typeof value === "object") return value;
  if (type === "string") return String(value);
  if (type === "boolean") return BOOLEANS.get(String(value).trim().toLowerCase()) ?? value;
  if (type === "timestamp") return timestampIn(value) ?? value;
  const number = typeof value === "boolean" ? Number(value) : numberIn(value);
  if (number === null) return value;
  return type === "integer" && !Number.isInteger(number) ? value : number;
}

const BOOLEANS = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["false", false],
  ["0", false],
  ["no", false],
]);

function numberIn(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Every form that an event's timestamp may have, and its number as text. */
function timestampIn(value: unknown): string | null {
  const moment = momentOf(typeof value === "string" ? value.trim() : value) ?? momentOf(numberIn(value));
  return moment === null ? null : formatTimestamp(moment);
}

function shortly(thrown: unknown): string {
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  // A failed test repeats both values.
  return name === "TestError" ? "a test of the patch does not hold" : message.replace(ROOT, "").slice(0, 100);
}
