import * as v from "valibot";
import { MAX_PAGE_SIZE } from "../../../src/model/limits.ts";
import { PAGE_VIEW } from "../events/page-view.ts";
import { ReplayStopped } from "../stopped.ts";
import { type Io, requestJson, withoutQuery } from "./request.ts";
import type { TimeRange } from "./time-ranges.ts";

const EventPageSchema = v.object({
  results: v.array(v.object({ id: v.string() })),
  next: v.nullable(v.string()),
});

const ErrorPageSchema = v.object({
  results: v.array(v.object({ event_id: v.optional(v.nullable(v.string())) })),
  next: v.nullable(v.string()),
});

const ReceiptSchema = v.object({ status: v.string() });

/** The address of The Eye, and a key that may read there. */
export interface Reader {
  url: string;
  readKey: string;
}

/** Ids of the page views that are stored in a range of time, oldest first. */
export async function* storedIds(io: Io, reader: Reader, { from, to }: TimeRange): AsyncGenerator<string> {
  for await (const page of pages(io, reader, "events", { start_date: from, end_date: to }, EventPageSchema)) {
    for (const { id } of page.results) yield id;
  }
}

/** Ids of the page views among the errors that were received since a time (ISO 8601). */
export async function* failedIds(io: Io, reader: Reader, since: string): AsyncGenerator<string> {
  for await (const page of pages(io, reader, "errors", { start_date: since }, ErrorPageSchema)) {
    for (const { event_id } of page.results) if (typeof event_id === "string") yield event_id;
  }
}

/** The outcome of one event; null while it is not known. */
export async function receiptOf(
  io: Io,
  reader: Reader,
  session: string,
  id: string,
): Promise<"stored" | "failed" | null> {
  const query = new URLSearchParams({ session_id: session, id });
  const answer = await get(io, reader, `${reader.url}/theeye/receipts?${query}`, ReceiptSchema);
  if (answer.status === "stored" || answer.status === "duplicate") return "stored";
  return answer.status === "failed" ? "failed" : null;
}

async function* pages<T extends { next: string | null }>(
  io: Io,
  reader: Reader,
  what: "events" | "errors",
  range: Record<string, string>,
  schema: v.GenericSchema<unknown, T>,
): AsyncGenerator<T> {
  const query = new URLSearchParams({ ...PAGE_VIEW, ...range, order: "asc", limit: String(MAX_PAGE_SIZE) });
  for (let url: string | null = `${reader.url}/theeye/${what}?${query}`; url !== null; ) {
    const page: T = await get(io, reader, url, schema);
    yield page;
    url = page.next === null ? null : nextUrl(page.next, url);
  }
}

function nextUrl(next: string, current: string): string {
  const { search } = new URL(next, current);
  return `${withoutQuery(current)}${search}`;
}

async function get<T>(io: Io, reader: Reader, url: string, schema: v.GenericSchema<unknown, T>): Promise<T> {
  const answer = await requestJson(io, url, { headers: { Authorization: `Bearer ${reader.readKey}` } });
  const read = v.safeParse(schema, answer);
  if (!read.success) {
    throw new ReplayStopped(
      `${withoutQuery(url)} does not answer as The Eye does. Is --url the address where The Eye runs?`,
    );
  }
  return read.output;
}
