import * as v from "valibot";
import { type CursorFault, decodeCursor, encodeCursor, questionFingerprint } from "../model/cursor";
import type { EventKey } from "../storage/scan/event-order";
import type { Refusal } from "./problem";
import { refuseParameter } from "./request/parameters";

const integer = v.pipe(v.number(), v.safeInteger());
const packedId = v.pipe(v.string(), v.regex(/^(x[0-9a-f]{32}|t[\s\S]{0,128})$/));

/** An event's key as a cursor stores it. */
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
    "The next page, or null at the end: a reference relative to the request's URL (RFC 3986), with all parameters except `key`. A page may have fewer results than `limit`, even none, although there is a next one.",
  ),
);

export const FromArchiveSchema = v.optional(
  v.pipe(v.literal(true), v.description("Present only if a part of the answer was read from the archive.")),
);

/** The member that marks an answer of which a part came from the archive. */
export function archiveNote(isFromArchive: boolean): { from_archive?: true } {
  return isFromArchive ? { from_archive: true } : {};
}

/** A query's parameters. Those that stay the same from page to page make the fingerprint in a cursor. */
type Question = { limit?: number; cursor?: string | undefined } & Record<string, unknown>;

/** Where the scan continues. Null without a cursor: at the beginning. */
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
  unreadable: "expected the cursor of a `next` link.",
  other_question: "it belongs to other filters or another order. Start again without it.",
};

/**
 * Answers with a page: `{…members, results, next}`, and `Link: <…>; rel="next"` (RFC 8288) if there is a next one.
 *
 * @param place where the page ended, in the form of the cursor's schema; null at the end of the scan
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

/** Like `nextUrl`, with the cursor of a position. */
export function cursorUrl(
  requestUrl: string,
  { question, name, place }: { question: Question; name: string; place: unknown[] },
  changed: Record<string, string> = {},
): string {
  return nextUrl(requestUrl, { cursor: encodeCursor(fingerprintOf(question, name), place), ...changed });
}

/**
 * The request's URL with changed parameters, as a relative reference that has only the query string: a proxy may use
 * another host or path prefix. A key in the URL is removed, since URLs end up in logs and bookmarks.
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
