import * as v from "valibot";
import { type CursorFault, decodeCursor, encodeCursor, questionFingerprint } from "../model/cursor";
import type { EventKey } from "../storage/scan/event-order";
import type { Refusal } from "./problem";
import { refuseParameter } from "./request/parameters";

const integer = v.pipe(v.number(), v.safeInteger());
const packedId = v.pipe(v.string(), v.regex(/^(x[0-9a-f]{32}|t[\s\S]{0,128})$/));

/** An event's key as a cursor carries it. */
export const EventPlaceSchema = v.pipe(
  v.strictTuple([integer, integer, packedId, integer]),
  v.transform(([occurredAt, receivedAfter, session, tie]): EventKey => ({ occurredAt, receivedAfter, session, tie })),
);

export function eventPlace({ occurredAt, receivedAfter, session, tie }: EventKey): unknown[] {
  return [occurredAt, receivedAfter, session, tie];
}

export const NextSchema = v.pipe(
  v.nullable(v.pipe(v.string(), v.startsWith("?"))),
  v.description(
    "The next page, or null at the end: a reference relative to the URL that was asked (RFC 3986), with all parameters but `key`. A page may hold fewer than `limit`, even none, while there is a next one.",
  ),
);

export const FromArchiveSchema = v.optional(
  v.pipe(v.literal(true), v.description("Only where a part of the answer was read from the archive.")),
);

/** What an answer says of the archive: nothing, unless a part of it came from there. */
export function archiveNote(isFromArchive: boolean): { from_archive?: true } {
  return isFromArchive ? { from_archive: true } : {};
}

/** What stays the same from page to page; the fingerprint in a cursor is made of it. */
type Question = { limit?: number; cursor?: string | undefined } & Record<string, unknown>;

/** Where the scan goes on: null without a cursor, which begins it. */
export function readCursor<const Schema extends v.GenericSchema>(
  question: Question,
  name: string,
  schema: Schema,
): v.InferOutput<Schema> | null | Refusal {
  if (question.cursor === undefined) return null;
  const decoded = decodeCursor(question.cursor, fingerprintOf(question, name), schema);
  return decoded.ok ? decoded.at : refuseParameter("cursor", FAULTS[decoded.fault]);
}

const FAULTS: Record<CursorFault, string> = {
  unreadable: "expected what `next` held.",
  other_question: "it belongs to other filters or another order. Begin again without it.",
};

/**
 * Answers with a page: `{…members, results, next}`, and `Link: <…>; rel="next"` (RFC 8288) if there is a next one.
 *
 * @param place where the page ended, as the cursor's schema reads it; null at the end of the scan
 */
export function pageResponse(
  requestUrl: string,
  { question, name, place }: { question: Question; name: string; place: unknown[] | null },
  body: Record<string, unknown>,
): Response {
  const next = place === null ? null : cursorUrl(requestUrl, { question, name, place });
  const headers = new Headers({ "Cache-Control": "no-store" });
  if (next !== null) headers.set("Link", `<${next}>; rel="next"`);
  return Response.json({ ...body, next }, { headers });
}

/** As `nextUrl`, with the cursor of a place. */
export function cursorUrl(
  requestUrl: string,
  { question, name, place }: { question: Question; name: string; place: unknown[] },
  changed: Record<string, string> = {},
): string {
  return nextUrl(requestUrl, { cursor: encodeCursor(fingerprintOf(question, name), place), ...changed });
}

/**
 * The request's URL with other parameters, as a relative reference: the query alone. A proxy may have another host, and a
 * prefix before the path, which nothing here knows. A key in the URL stays behind: URLs end in logs and bookmarks.
 */
export function nextUrl(requestUrl: string, changed: Record<string, string>): string {
  const { searchParams } = new URL(requestUrl);
  searchParams.delete("key");
  for (const [parameter, value] of Object.entries(changed)) searchParams.set(parameter, value);
  return `?${searchParams}`;
}

function fingerprintOf({ limit: _, cursor: __, ...filters }: Question, name: string): string {
  return questionFingerprint({ ...filters, list: name });
}
