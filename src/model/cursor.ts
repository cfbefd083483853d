import { createHash } from "node:crypto";
import * as v from "valibot";
import { compareTexts } from "./compare-texts";

/**
 * A cursor marks where the last page of a scan ended. It is opaque to clients: versioned JSON in base64url. It holds a
 * fingerprint of the query, because a position in one list means nothing in another.
 */
const EnvelopeSchema = v.object({ v: v.literal(1), q: v.string(), at: v.unknown() });

/** Why a cursor is refused: it cannot be read, or it belongs to other filters or another order. */
export type CursorFault = "unreadable" | "other_question";

/** Eight characters that identify a query. They are no secret: a forged cursor gives no access beyond the key's. */
export function questionFingerprint(question: Record<string, unknown>): string {
  const members = Object.entries(question).filter(([, value]) => value !== undefined && value !== null);
  members.sort(([a], [b]) => compareTexts(a, b));
  return createHash("sha256").update(JSON.stringify(members)).digest("base64url").slice(0, 8);
}

export function encodeCursor(fingerprint: string, at: unknown): string {
  return Buffer.from(JSON.stringify({ v: 1, q: fingerprint, at })).toString("base64url");
}

/** Decodes a cursor of the same query. `schema` describes the position in it. */
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
