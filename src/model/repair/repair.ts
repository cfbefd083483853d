import * as v from "valibot";
import { foundIn, utf8Bytes } from "../event/event";
import { namesOf } from "../json/json-pointer";
import { jsonText } from "../json/json-text";
import { isNestedDeeper } from "../json/nesting";
import { MAX_NESTING_LEVELS } from "../limits";
import { plainMessage } from "../plain-message";
import type { Micros } from "../time/time";
import { TooMuchWork } from "../work-meter";
import { applyEdits } from "./apply-edits";
import { applyPatch } from "./apply-patch";
import { CAST_TYPES } from "./cast";
import { DoesNotApply, EventDocument, RECEIVED_AT } from "./event-document";

/**
 * How a failed event is fixed before it is validated again. The repair changes a copy; the errors table keeps the
 * original.
 *
 * - `patch`: a JSON Patch (RFC 6902). If an operation does not apply, the event stays unchanged.
 * - `edits`: for many events that differ. An edit whose path is missing in an event changes nothing.
 *
 * Both may read `/received_at`, the time of receipt, but not write it.
 */

/** Bytes of a repair as JSON. It is stored with its replay and applied to each event. */
export const MAX_REPAIR_BYTES = 65_536;

const MAX_OPERATIONS = 50;

const readable = v.pipe(
  v.string(),
  v.regex(/^(\/([^~/]|~[01])*)*$/, "expected a JSON pointer (RFC 6901) such as /data/price"),
  v.maxLength(500, "expected at most 500 characters"),
);

const writable = v.pipe(
  readable,
  v.check(
    (path) => namesOf(path)[0] !== RECEIVED_AT,
    `expected a path other than /${RECEIVED_AT}, which is read-only: a repair never changes when an event was received`,
  ),
);

const member = <Path extends typeof readable | typeof writable>(path: Path) =>
  v.pipe(path, v.nonEmpty("expected the path of a member, such as /data/price"));

const OPERATIONS = "expected add, replace, test, remove, move or copy";

const OperationSchema = v.variant(
  "op",
  [
    v.strictObject({ op: v.picklist(["add", "replace"]), path: writable, value: v.unknown() }),
    v.strictObject({ op: v.literal("test"), path: readable, value: v.unknown() }),
    v.strictObject({ op: v.literal("remove"), path: writable }),
    v.strictObject({ op: v.literal("move"), from: writable, path: writable }),
    v.strictObject({ op: v.literal("copy"), from: readable, path: writable }),
  ],
  OPERATIONS,
);

const EDITS = "expected set, rename, copy, remove, cast or shift";

const CASTS = `expected ${CAST_TYPES.join(", ")}`;

const EditSchema = v.variant(
  "op",
  [
    v.strictObject({ op: v.literal("set"), path: member(writable), value: v.unknown() }),
    v.strictObject({ op: v.literal("rename"), path: member(writable), to: member(writable) }),
    v.strictObject({ op: v.literal("copy"), from: member(readable), path: member(writable) }),
    v.strictObject({ op: v.literal("remove"), path: member(writable) }),
    v.strictObject({ op: v.literal("cast"), path: member(writable), type: v.picklist(CAST_TYPES, CASTS) }),
    v.strictObject({ op: v.literal("shift"), path: member(writable), from: member(readable), to: member(readable) }),
  ],
  EDITS,
);

function listOf<Schema extends v.GenericSchema>(schema: Schema) {
  return v.pipe(
    v.array(schema),
    v.minLength(1, "expected at least one operation"),
    v.maxLength(MAX_OPERATIONS, `expected at most ${MAX_OPERATIONS} operations`),
  );
}

export const RepairSchema = v.pipe(
  v.union(
    [v.strictObject({ patch: listOf(OperationSchema) }), v.strictObject({ edits: listOf(EditSchema) })],
    ({ issues }) => messageOf(issues),
  ),
  v.check(
    (repair) => !isNestedDeeper(repair, MAX_NESTING_LEVELS),
    `expected at most ${MAX_NESTING_LEVELS} levels of nesting`,
  ),
  v.check((repair) => utf8Bytes(jsonText(repair)) <= MAX_REPAIR_BYTES, `expected at most ${MAX_REPAIR_BYTES} bytes`),
  v.description(
    "How to fix each event before it is validated: `patch`, a JSON Patch (RFC 6902), which leaves an event unchanged if an operation does not apply; or `edits` (set, rename, copy, remove, cast, shift), which skip missing members. `/received_at` is the time of receipt; it can be copied but not changed. `shift` moves the time at `path` by the difference of two others, `to` minus `from`.",
  ),
);

export type Repair = v.InferOutput<typeof RepairSchema>;

/** A union reports only that nothing matches. The issue within the intended form names the operation that is wrong. */
function messageOf(issues: readonly v.BaseIssue<unknown>[] | undefined): string {
  const within = issues?.find(({ path }) => path !== undefined && path.length > 1);
  if (within === undefined) return "expected either patch or edits, with a list of operations";
  const { expected, received, message } = within;
  // valibot reports an unknown discriminator as the whole object, which does not help the reader.
  const isKind = within.type === "variant" && received !== "undefined";
  const reason = isKind
    ? `${message}, found ${foundIn(within)}`
    : expected === "never"
      ? "is unknown"
      : received === "undefined"
        ? "is missing"
        : plainMessage(within);
  return `${v.getDotPath(within)}: ${reason}`;
}

export type Repaired =
  | { applies: true; event: unknown; work: number }
  | { applies: false; reason: string; work: number };

/**
 * Applies a repair to an event.
 *
 * @param text the event as JSON
 * @returns the fixed event, or why the repair does not apply to it; `work` in units, see MAX_REPAIR_WORK
 */
export function repairEvent(text: string, repair: Repair, receivedAt: Micros): Repaired {
  const document = new EventDocument(JSON.parse(text), receivedAt);
  const { meter } = document;
  try {
    if ("patch" in repair) applyPatch(document, repair.patch);
    else applyEdits(document, repair.edits);
    return { applies: true, event: document.event, work: meter.spent };
  } catch (thrown) {
    if (thrown instanceof DoesNotApply) return { applies: false, reason: thrown.message, work: meter.spent };
    if (thrown instanceof TooMuchWork) return { applies: false, reason: "it takes too much work", work: meter.spent };
    throw thrown;
  }
}
