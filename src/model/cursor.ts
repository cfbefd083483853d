import { createHash } from "node:crypto";
import * as v from "valibot";

/**
 * A cursor tells where the last page of a scan ended. It is opaque to clients: base64url of versioned JSON, with a
 * fingerprint of the question, since a place in one list means nothing in another.
 */
const EnvelopeSchema = v.object({ v: v.literal(1), q: v.string(), at: v.unknown() });

/** Why a cursor is refused: it is not one of ours, or it belongs to other filters or another order. */
export type CursorFault = "unreadable" | "other_question";

/** Eight characters that differ between questions. Not a secret: a forged cursor reaches nothing that the key does not. */
export function questionFingerprint(question: Record<string, unknown>): string {
  const members = Object.entries(question).filter(([, value]) => value !== undefined && value !== null);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url").slice(0, 8);
}

export function encodeCursor(fingerprint: string, at: unknown): string {
  return Buffer.from(JSON.stringify({ v: 1, q: fingerprint, at })).toString("base64url");
}

/** Reads back what `encodeCursor` made for the same question. `schema` says what a place looks like. */
export function decodeCursor<const Schema extends v.GenericSchema>(
  text: string,
  fingerprint: string,
  schema: Schema,
): { ok: true; at: v.InferOutput<Schema> } | { ok: false; fault: CursorFault } {
  const envelope = v.safeParse(EnvelopeSchema, parseJson(Buffer.from(text, "base64url").toString()));
  if (!envelope.success) return { ok: false, fault: "unreadable" };
  if (envelope.output.q !== fingerprint) return { ok: false, fault: "other_question" };
  const at = v.safeParse(schema, envelope.output.at);
  return at.success ? { ok: true, at: at.output } : { ok: false, fault: "unreadable" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
